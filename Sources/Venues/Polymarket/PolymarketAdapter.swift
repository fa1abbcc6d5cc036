import Cryptography
package import Execution
import Foundation
package import Logging
import NIOCore
import NIOPosix
import Synchronization
package import Trading

/// Polymarket's CLOB behind the venue port: the shell around `PolymarketSession`.
///
/// One thread with one event loop owns the session, both WebSockets and the HTTP client's answers,
/// so the session needs no locks and events come in one order. Calls hop to that loop and return.
///
/// What its users should know:
/// - `.connected` comes when the connection is complete: markets listed, fees and holdings read,
///   every book there. What was lost while disconnected is asked for by the caller then.
/// - The venue has no client order id: an order's name is its hash, of which the cluster keeps the
///   first 40 characters. It follows from the ticket, so that after a restart an order whose answer
///   never came is known again, unless its market's tick has changed meanwhile.
/// - What wins is not cash: a market that has resolved is told as resolved, nothing is credited.
package final class PolymarketAdapter: VenueAdapter, @unchecked Sendable {
    // Confined to `loop`, which is what `@unchecked` rests on.
    private var session: PolymarketSession
    private var sockets: [PolymarketFeed: VenueSocket] = [:]
    private var http: VenueHTTP?
    private var sink: (@Sendable (VenueEvent) -> Void)?
    private var timer: RepeatedTask?
    private var isStopped = false
    private var pending: [PolymarketInput] = []
    private var isApplying = false

    private let configuration: PolymarketConfiguration
    private let signer: PolymarketSigner
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let hasBeenStopped = Mutex(false)
    /// Signalled when the thread has ended.
    private let ended = DispatchSemaphore(value: 0)

    private static let stopPatience = DispatchTimeInterval.seconds(5)
    private static let shutdownQueue = DispatchQueue(label: "polymarket-shutdown")

    /// How often waits are looked at.
    private static let turn = TimeAmount.milliseconds(20)

    /// Reads the key file; connects when started.
    package init(
        _ configuration: PolymarketConfiguration, logger: Logger
    ) throws(VenueSetupError) {
        self.configuration = configuration
        self.logger = logger
        signer = try PolymarketSigner(configuration)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
        session = PolymarketSession(configuration, signer: signer, at: VenueMoment.now())
    }

    package func start(_ sink: @escaping @Sendable (VenueEvent) -> Void) {
        loop.execute { self.begin(sink) }
    }

    package func recall(_ tickets: [VenueTicket]) {
        loop.execute { self.take(.recall(tickets)) }
    }

    package func submit(_ call: VenueCall, id: VenueCallID) {
        loop.execute { self.take(.submit(call, id)) }
    }

    /// The venue has no market time of its own.
    package func acknowledge(tick: TickNumber) {}

    /// Waits until the adapter's thread has ended: what it calls, OpenSSL among it, is torn down
    /// when the process ends.
    package func stop() {
        precondition(!loop.inEventLoop, "an adapter cannot wait for its own thread")
        let isFirst = hasBeenStopped.withLock { hasBeen in
            defer { hasBeen = true }
            return !hasBeen
        }
        guard isFirst else { return }
        loop.execute { self.end() }
        if ended.wait(timeout: .now() + PolymarketAdapter.stopPatience) == .timedOut {
            logger.error("the adapter's thread did not end")
        }
    }

    private func begin(_ sink: @escaping @Sendable (VenueEvent) -> Void) {
        precondition(self.sink == nil, "an adapter is started once")
        self.sink = sink
        http = VenueHTTP(
            configuration.timeouts, concurrency: configuration.concurrency, on: loop)
        timer = loop.scheduleRepeatedTask(
            initialDelay: PolymarketAdapter.turn, delay: PolymarketAdapter.turn
        ) { _ in self.take(.elapsed) }
        take(.start)
    }

    private func end() {
        guard !isStopped else { return }
        isStopped = true
        timer?.cancel()
        for socket in sockets.values { socket.close("stopped") }
        sink = nil
        let group = group
        let ended = ended
        let finish: @Sendable () -> Void = {
            group.shutdownGracefully(queue: PolymarketAdapter.shutdownQueue) { _ in
                ended.signal()
            }
        }
        if let http { http.shutdown(finish) } else { finish() }
    }

    /// Feeds an input and carries out what follows. An effect may lead to further inputs, which
    /// wait for their turn.
    private func take(_ input: PolymarketInput) {
        loop.preconditionInEventLoop()
        guard !isStopped else { return }
        pending.append(input)
        guard !isApplying else { return }
        isApplying = true
        var effects: [PolymarketEffect] = []
        while !pending.isEmpty {
            let now = VenueMoment.now()
            session.apply(pending.removeFirst(), at: now, into: &effects)
            for effect in effects { carry(effect, at: now) }
            effects.removeAll(keepingCapacity: true)
        }
        isApplying = false
    }

    private func carry(_ effect: PolymarketEffect, at now: VenueMoment) {
        switch effect {
        case .emit(let event): sink?(event)
        case .request(let owner, let request, let credentials):
            send(request, credentials, at: now) { answer in
                self.take(.answered(owner: owner, answer))
            }
        case .send(let feed, let text): sockets[feed]?.send(text)
        case .openSocket(let feed): open(feed)
        case .closeSocket(let feed, let reason):
            guard let socket = sockets.removeValue(forKey: feed) else { return }
            logger.warning(
                "giving up a connection",
                metadata: ["feed": "\(feed.rawValue)", "reason": "\(reason)"])
            socket.close(reason)
        }
    }

    private func send(
        _ request: PolymarketRequest, _ credentials: PolymarketCredentials?, at now: VenueMoment,
        _ body: @escaping @Sendable (VenueAnswer) -> Void
    ) {
        guard request.proof != .key || credentials != nil else {
            return loop.execute { body(.notSent("there is no API key yet")) }
        }
        http?.send(
            VenueHTTP.Message(
                method: request.method.rawValue, url: configuration.restURL + request.target,
                headers: signer.headers(for: request, credentials, at: now.wall),
                body: request.body), body)
    }

    private func open(_ feed: PolymarketFeed) {
        guard let url = URL(string: configuration.socketURL + feed.rawValue) else {
            preconditionFailure("the configuration has accepted \(configuration.socketURL)")
        }
        let socket = VenueSocket(
            url, timeouts: configuration.timeouts, headers: [], on: loop,
            opened: { self.take(.socketOpened(feed)) },
            receive: { bytes in self.take(.frame(feed, bytes)) },
            ended: { reason in self.socketEnded(feed, reason) })
        sockets[feed] = socket
        socket.connect()
    }

    private func socketEnded(_ feed: PolymarketFeed, _ reason: String) {
        // One that was given up is no longer here, and its end is no news.
        guard sockets.removeValue(forKey: feed) != nil else { return }
        logger.info(
            "disconnected", metadata: ["feed": "\(feed.rawValue)", "reason": "\(reason)"])
        take(.socketClosed(feed, reason))
    }
}
