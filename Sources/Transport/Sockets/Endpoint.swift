/// Where a socket is bound or connects to: `ipc://PATH` or `tcp://HOST:PORT`.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// What the address consists of.
    package enum Address: Sendable, Hashable {
        /// A UNIX socket.
        case ipc(path: String)
        /// A TCP socket. `host` may be `*` to bind every interface.
        case tcp(host: String, port: UInt16)
    }

    /// The longest path of a UNIX socket on Linux: `sun_path` without its final zero.
    package static let pathLengthMax = 107

    /// The address.
    package let address: Address

    /// Makes the endpoint of a UNIX socket.
    package init(path: String) throws(TransportError) {
        guard path.hasPrefix("/") else {
            throw TransportError(
                .badEndpoint, "ipc://\(path): the path is not absolute; write it from the root")
        }
        guard path.utf8.count <= Endpoint.pathLengthMax else {
            throw TransportError(
                .badEndpoint,
                "ipc://\(path): the path has \(path.utf8.count) bytes and a UNIX socket takes at "
                    + "most \(Endpoint.pathLengthMax); choose a shorter state directory")
        }
        address = .ipc(path: path)
    }

    /// Makes the endpoint of a TCP socket.
    package init(host: String, port: UInt16) { address = .tcp(host: host, port: port) }

    /// Reads `ipc://PATH` or `tcp://HOST:PORT`.
    package init(parsing text: String) throws(TransportError) {
        if text.hasPrefix("ipc://") {
            try self.init(path: String(text.dropFirst(6)))
            return
        }
        guard text.hasPrefix("tcp://") else {
            throw TransportError(
                .badEndpoint, "\(text): expected ipc://PATH or tcp://HOST:PORT")
        }
        let rest = text.dropFirst(6)
        guard let colon = rest.lastIndex(of: ":"), colon != rest.startIndex,
            let port = UInt16(rest[rest.index(after: colon)...])
        else {
            throw TransportError(
                .badEndpoint, "\(text): expected tcp://HOST:PORT with a port from 0 to 65535")
        }
        self.init(host: String(rest[..<colon]), port: port)
    }

    package var description: String {
        switch address {
        case .ipc(let path): "ipc://\(path)"
        case .tcp(let host, let port): "tcp://\(host):\(port)"
        }
    }
}
