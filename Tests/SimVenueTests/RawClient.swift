import Cryptography
import Foundation
import Runtime
import Trading

/// A blocking client of the venue on one socket, which signs as Kalshi's clients do.
final class RawClient {
    struct Answer {
        let status: Int
        let text: String
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Foundation.Data(text.utf8))) as? [String: Any]
                ?? [:]
        }
        func string(_ key: String) -> String? { json[key] as? String }
    }

    private let port: Int
    private let keyID: String
    private let key: RSAPrivateKey?
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []

    init(port: Int, keyID: String = "demo-key", key: RSAPrivateKey?) {
        self.port = port
        self.keyID = keyID
        self.key = key
    }

    deinit { disconnect() }

    func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        buffer.removeAll()
    }

    // MARK: HTTP

    func get(_ path: String) throws -> Answer { try send("GET", path) }
    func delete(_ path: String) throws -> Answer { try send("DELETE", path) }
    func post(_ path: String, _ body: String) throws -> Answer { try send("POST", path, body) }

    func send(
        _ method: String, _ path: String, _ body: String = "", skew: Int64 = 0
    ) throws -> Answer {
        try connect()
        let full = "/trade-api/v2" + path
        var text = "\(method) \(full) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        for (name, value) in try signature(method, full, skew: skew) {
            text += "\(name): \(value)\r\n"
        }
        text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        write(Array(text.utf8))
        return try readAnswer()
    }

    private func signature(
        _ method: String, _ path: String, skew: Int64
    ) throws -> [(String, String)] {
        guard let key else { return [] }
        let stamp = String(WallClock.now().nanoseconds / 1_000_000 + skew)
        let signed = String(path.split(separator: "?")[0])
        let signature = try key.sign(Array((stamp + method + signed).utf8))
        return [
            ("KALSHI-ACCESS-KEY", keyID), ("KALSHI-ACCESS-TIMESTAMP", stamp),
            ("KALSHI-ACCESS-SIGNATURE", Base64.encode(signature)),
        ]
    }

    private func readAnswer() throws -> Answer {
        let head = try readHead()
        let lines = head.split(separator: "\r\n")
        let status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        let length =
            lines.lazy.compactMap { line -> Int? in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == "content-length" else {
                    return nil
                }
                return Int(parts[1].trimmingCharacters(in: .whitespaces))
            }.first ?? 0
        let body = try take(length)
        return Answer(status: status, text: String(decoding: body, as: UTF8.self))
    }

    // MARK: WebSocket

    /// The status of the handshake; 101 when it succeeded.
    func openSocket() throws -> Int {
        try connect()
        var text = "GET /trade-api/ws/v2 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        for (name, value) in try signature("GET", "/trade-api/ws/v2", skew: 0) {
            text += "\(name): \(value)\r\n"
        }
        text += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        text += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 0\r\n\r\n"
        write(Array(text.utf8))
        let head = try readHead()
        let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
        if status != 101 { disconnect() }
        return status
    }

    func say(_ text: String) {
        let payload = Array(text.utf8)
        var frame: [UInt8] = [0x81]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        // A mask of zeros is a mask.
        frame += [0, 0, 0, 0]
        write(frame + payload)
    }

    /// The next text message.
    func hear() throws -> [String: Any] {
        while true {
            let head = try take(2)
            var length = Int(head[1] & 0x7F)
            if length == 126 {
                length = try take(2).reduce(0) { $0 << 8 | Int($1) }
            } else if length == 127 {
                length = try take(8).reduce(0) { $0 << 8 | Int($1) }
            }
            let payload = try take(length)
            guard head[0] & 0x0F == 1 else { continue }
            let object = try JSONSerialization.jsonObject(with: Foundation.Data(payload))
            return object as? [String: Any] ?? [:]
        }
    }

    /// The next message of a type; others are dropped.
    func hear(_ type: String) throws -> [String: Any] {
        while true {
            let message = try hear()
            if message["type"] as? String == type { return message }
        }
    }

    // MARK: Socket

    private func connect() throws {
        guard descriptor < 0 else { return }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw ClientError(text: "cannot connect") }
    }

    struct ClientError: Error { let text: String }

    private func write(_ bytes: [UInt8]) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func readHead() throws -> String {
        let mark = Array("\r\n\r\n".utf8)
        while true {
            if let range = buffer.firstRange(of: mark) {
                let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
                buffer.removeFirst(range.upperBound)
                return head
            }
            try fill()
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        let part = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        return part
    }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw ClientError(text: "the venue said nothing") }
        buffer += chunk[..<count]
    }
}
