import Trading

/// What a link has for its service. Links collect events and the loop delivers them, so that a
/// service may use the link while it is being told something.
enum LinkEvent {
    case opened(ProcessID, Incarnation, resumed: Bool)
    case closed(ProcessID, LinkClosure)
    case refused(ProcessID, LinkClosure)
    case received(ProcessID, [UInt8])
    case heartbeat(ProcessID, JournalHead)
    case messageRefused(ProcessID, RefusedMessage)
}

/// What a connection did with a frame.
enum Transmission {
    case sent
    /// The connection takes no more at the moment.
    case blocked
    /// There is no such connection.
    case unreachable
}

/// A connection of an accepting socket: the routing id that the socket chose, which is a zero byte
/// and four more. Connections that claim an id of their own never become a `Route`.
struct Route: Hashable {
    let number: UInt32
}
