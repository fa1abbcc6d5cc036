package import Execution
import Foundation
package import Logging
import NIOCore
import NIOPosix
import Synchronization
package import Trading

/// Kalshi's trade-api v2 behind the venue port: the shell around `KalshiSession`.
///
/// One thread with one event loop owns the session, the WebSocket and the HTTP client's answers, so
/// the session needs no locks and events come in one order. Calls hop to that loop and return.
///
/// What its users should know:
/// - `.connected` comes when the connection is complete: markets listed, settlements of the last
///   days told, every book there. What was lost while disconnected (fills, order changes) is asked
///   for by the caller then. A settlement may be told again after a restart.
/// - A placement that ends in `unknown` may rest at the venue. A lookup by `order` answers nil only
///   once a listing can be trusted; before that it fails as unknown and is asked again.
package final class KalshiAdapter: VenueAdapter, @unchecked Sendable {
    // Confined to `loop`, which is what `@unchecked` rests on.
    private var session: KalshiSession
    private var socket: VenueSocket?
    private var http: KalshiHTTP?
    private var sink: (@Sendable (VenueEvent) -> Void)?
    private var timer: RepeatedTask?
    private var isStopped = false
    private var pending: [KalshiInput] = []
    private var isApplying = false

    private let configuration: KalshiConfiguration
    private let signer: KalshiSigner
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let hasBeenStopped = Mutex(false)
    /// Signalled when the thread has ended.
    private let ended = DispatchSemaphore(value: 0)

    private static let stopPatience = DispatchTimeInterval.seconds(5)
    private static let shutdownQueue = DispatchQueue(label: "kalshi-shutdown")

    /// How often waits are looked at.
    private static let turn = TimeAmount.milliseconds(20)

    /// Reads the key file; connects when started.
    package init(
        _ configuration: KalshiConfiguration, logger: Logger
    ) throws(VenueSetupError) {
        self.configuration = configuration
        self.logger = logger
        signer = try KalshiSigner(keyID: configuration.keyID, keyFile: configuration.keyFile)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
        session = KalshiSession(configuration, at: VenueMoment.now())
    }

    package func start(_ sink: @escaping @Sendable (VenueEvent) -> Void) {
        loop.execute { self.begin(sink) }
    }

    package func submit(_ call: VenueCall, id: VenueCallID) {
        loop.execute { self.take(.submit(call, id)) }
    }

    package func acknowledge(tick: TickNumber) {
        loop.execute { self.take(.acknowledge(tick)) }
    }

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
        if ended.wait(timeout: .now() + KalshiAdapter.stopPatience) == .timedOut {
            logger.error("the adapter's thread did not end")
        }
    }

    private func begin(_ sink: @escaping @Sendable (VenueEvent) -> Void) {
        precondition(self.sink == nil, "an adapter is started once")
        self.sink = sink
        http = KalshiHTTP(configuration, signer: signer, on: loop)
        timer = loop.scheduleRepeatedTask(
            initialDelay: KalshiAdapter.turn, delay: KalshiAdapter.turn
        ) { _ in self.take(.elapsed) }
        take(.start)
    }

    private func end() {
        guard !isStopped else { return }
        isStopped = true
        timer?.cancel()
        socket?.close("stopped")
        sink = nil
        let group = group
        let ended = ended
        let finish: @Sendable () -> Void = {
            group.shutdownGracefully(queue: KalshiAdapter.shutdownQueue) { _ in ended.signal() }
        }
        if let http { http.shutdown(finish) } else { finish() }
    }

    /// Feeds an input and carries out what follows. An effect may lead to further inputs, which
    /// wait for their turn.
    private func take(_ input: KalshiInput) {
        loop.preconditionInEventLoop()
        guard !isStopped else { return }
        pending.append(input)
        guard !isApplying else { return }
        isApplying = true
        var effects: [KalshiEffect] = []
        while !pending.isEmpty {
            let now = VenueMoment.now()
            session.apply(pending.removeFirst(), at: now, into: &effects)
            for effect in effects { carry(effect, at: now) }
            effects.removeAll(keepingCapacity: true)
        }
        isApplying = false
    }

    private func carry(_ effect: KalshiEffect, at now: KalshiMoment) {
        switch effect {
        case .emit(let event): sink?(event)
        case .request(let owner, let request):
            http?.send(request, at: now.wall) { answer in
                self.take(.answered(owner: owner, answer))
            }
        case .send(let text): socket?.send(text)
        case .openSocket: openSocket(at: now)
        case .closeSocket(let reason):
            logger.warning("giving up a connection", metadata: ["reason": "\(reason)"])
            socket?.close(reason)
        }
    }

    private func openSocket(at now: KalshiMoment) {
        do {
            let headers = try signer.headers(
                method: "GET", path: KalshiConfiguration.socketPath, at: now.wall)
            let socket = VenueSocket(
                configuration.socketURL, timeouts: configuration.timeouts, headers: headers,
                on: loop,
                opened: { self.take(.socketOpened) },
                receive: { bytes in self.take(.frame(bytes)) },
                ended: { reason in self.socketEnded(reason) })
            self.socket = socket
            socket.connect()
        } catch {
            socketEnded("cannot sign: \(error)")
        }
    }

    private func socketEnded(_ reason: String) {
        socket = nil
        logger.info("disconnected", metadata: ["reason": "\(reason)"])
        take(.socketClosed(reason))
    }
}
