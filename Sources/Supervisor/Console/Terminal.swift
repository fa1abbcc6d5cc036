import Glibc

/// Standard output, as a person's terminal or as a stream for programs.
struct Terminal: Sendable {
    /// Whether a table can be drawn over itself.
    let isInteractive: Bool

    init() {
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        isInteractive = isatty(STDOUT_FILENO) == 1 && !isDumb
    }

    /// Writes a line whole; a closed output is not worth an error.
    func line(_ text: String) { write(text + "\n") }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress.map { $0 + sent }, bytes.count - sent)
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// Standard error, for what is not the command's result.
    func note(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// Draws a block of lines over the block before it.
struct Canvas {
    private let terminal: Terminal
    private var height = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func draw(_ lines: [String]) {
        var text = height > 0 ? "\u{1B}[\(height)A\u{1B}[J" : ""
        text += lines.map { $0 + "\n" }.joined()
        height = lines.count
        terminal.write(text)
    }
}

/// Lays rows out in columns of equal width.
enum Columns {
    /// The first row is the header. Columns named in `right` are set against their right edge.
    static func lines(_ rows: [[String]], right: Set<Int> = []) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        var widths = [Int](repeating: 0, count: count)
        for row in rows {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return right.contains(column) ? padding + cell : cell + padding
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
