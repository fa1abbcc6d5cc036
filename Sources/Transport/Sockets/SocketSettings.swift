import CZeroMQ
import Trading
import Wire

/// Bounds of the sockets themselves. All are set before bind and connect, where alone they hold.
package struct SocketSettings: Sendable, Hashable {
    /// Messages that libzmq keeps for a peer in each direction; the link's outbox is behind it.
    package var highWaterMark: Int32 = 1_024
    /// The same for market channels, which have no outbox: what does not fit is lost. A snapshot
    /// of every instrument must fit.
    package var marketHighWaterMark: Int32 = 16_384
    /// A handshake that takes longer is dropped.
    package var handshakeMilliseconds: Int32 = 5_000
    /// How long a closed socket still tries to send.
    package var lingerMilliseconds: Int32 = 100
    /// Between libzmq's own attempts to connect,
    package var reconnectMilliseconds: Int32 = 50
    /// and what they grow to.
    package var reconnectMillisecondsMax: Int32 = 500
    /// How many frames a turn receives at most.
    package var framesPerTurn = 256
    /// How much posted work the inbox holds.
    package var inboxCapacity = 65_536

    /// The defaults.
    package init() {}
}

extension Socket {
    /// CURVE adds 33 bytes to a frame, and libzmq counts them: what is longer drops the peer.
    private static let curveOverhead = 64

    /// What all sockets have in common.
    func configure(
        _ settings: SocketSettings, isMarket: Bool = false
    ) throws(TransportError) {
        let mark = isMarket ? settings.marketHighWaterMark : settings.highWaterMark
        try set(ZMQ_LINGER, settings.lingerMilliseconds)
        try set(ZMQ_SNDHWM, mark)
        try set(ZMQ_RCVHWM, mark)
        try set(ZMQ_MAXMSGSIZE, wide: Int64(WireFrame.maximumLength + Socket.curveOverhead))
        try set(ZMQ_HANDSHAKE_IVL, settings.handshakeMilliseconds)
        // Half-open connections across hosts; the links' own heartbeats are faster.
        try set(ZMQ_HEARTBEAT_IVL, 2_000)
        try set(ZMQ_HEARTBEAT_TIMEOUT, 6_000)
    }

    /// Makes the socket the CURVE server of a ZAP domain. Without a handler for the domain it lets
    /// nobody in.
    func authenticate(as keys: CurveKeyPair, domain: String) throws(TransportError) {
        try set(ZMQ_CURVE_SERVER, 1)
        try set(ZMQ_CURVE_SECRETKEY, secret: keys.secretKey)
        try set(ZMQ_ZAP_DOMAIN, bytes: Array(domain.utf8))
        try set(Int32(bellwether_zap_enforce_domain), 1)
    }

    /// Makes the socket a CURVE client that accepts one server only.
    func authenticate(
        as keys: CurveKeyPair, to server: CurvePublicKey
    ) throws(TransportError) {
        try set(ZMQ_CURVE_SERVERKEY, bytes: server.bytes)
        try set(ZMQ_CURVE_PUBLICKEY, bytes: keys.publicKey.bytes)
        try set(ZMQ_CURVE_SECRETKEY, secret: keys.secretKey)
    }

    /// Makes a connecting socket reconnect, and queue only for connections that stand.
    func reconnect(_ settings: SocketSettings) throws(TransportError) {
        try set(ZMQ_IMMEDIATE, 1)
        try set(ZMQ_RECONNECT_IVL, settings.reconnectMilliseconds)
        try set(ZMQ_RECONNECT_IVL_MAX, settings.reconnectMillisecondsMax)
    }
}
