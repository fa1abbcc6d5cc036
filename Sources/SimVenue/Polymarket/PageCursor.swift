import Cryptography

/// The cursors of Polymarket's pages: a place in a list, in Base64.
enum PageCursor {
    static func text(_ place: Int) -> String { Base64.encode(Array(String(place).utf8)) }

    /// Nil for what is none; the last page's own cursor begins behind everything.
    static func place(_ cursor: String) -> Int? {
        guard !cursor.isEmpty else { return 0 }
        // What cannot be decoded is no cursor.
        guard let bytes = try? Base64.decode(cursor),
            let place = Int(String(decoding: bytes, as: UTF8.self)), place >= -1
        else { return nil }
        return place == -1 ? Int(Int32.max) : place
    }
}
