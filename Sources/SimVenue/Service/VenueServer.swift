package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Runtime

/// The simulated venue on a port: HTTP and WebSocket, one event loop.
package final class VenueServer: Sendable {
    /// The port that Kalshi's protocol is served on, also where the options asked for any; zero
    /// where it is not served.
    package let port: Int
    /// The port of Polymarket's, likewise.
    package let polymarketPort: Int
    private let group: MultiThreadedEventLoopGroup
    private let service: NIOLoopBound<VenueService>
    private let channels: [any Channel]
    private let finished: EventLoopFuture<Void>

    private static let handlerName = "venue-http"

    /// Builds the venue, from its log where there is one, and starts to serve. Blocks meanwhile.
    ///
    /// `onEnd` is called once, on the venue's thread, when market time has ended and everybody has
    /// acknowledged; the venue goes on serving. `onAlive` is called while its loop turns.
    package init(
        options: VenueOptions, logger: Logger, onEnd: @escaping @Sendable () -> Void = {},
        onAlive: @escaping @Sendable () -> Void = {}
    ) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        do {
            let service = try loop.submit {
                let engine = try VenueEngine(options: options, wall: WallClock.now())
                for note in engine.listing.notes { logger.notice("\(note)") }
                return NIOLoopBound(
                    VenueService(
                        options: options, engine: engine, loop: loop, logger: logger,
                        onEnd: onEnd, onAlive: onAlive), eventLoop: loop)
            }.wait()
            do {
                let kalshi = try VenueServer.bind(options.kalshi, group, service) { $0 }
                let polymarket = try VenueServer.bind(options.polymarket, group, service) {
                    $0.polymarket
                }
                channels = [kalshi, polymarket].compactMap(\.self)
                port = kalshi?.localAddress?.port ?? 0
                polymarketPort = polymarket?.localAddress?.port ?? 0
            } catch {
                // Nobody will wait for a venue that never served.
                try loop.submit { service.value.stopped.fail(error) }.wait()
                throw error
            }
            finished = try loop.submit {
                service.value.startClock()
                return service.value.stopped.futureResult
            }.wait()
            self.service = service
        } catch {
            try group.syncShutdownGracefully()
            throw error
        }
        self.group = group
    }

    /// Asks the venue to write down what everybody has and to stop.
    package func requestStop() {
        let service = service
        group.next().execute { service.value.stop() }
    }

    /// Waits until the venue has stopped and frees its port; throws why it had to stop.
    package func waitUntilStopped() throws {
        defer {
            // What is closed already cannot be closed again; nothing else can fail here.
            for channel in channels { try? channel.close().wait() }
            try? group.syncShutdownGracefully()
        }
        try finished.wait()
    }

    /// Serves one protocol at an address; nil where it is not to be served.
    private static func bind(
        _ address: ListenAddress?, _ group: MultiThreadedEventLoopGroup,
        _ service: NIOLoopBound<VenueService>,
        _ front: @escaping @Sendable (VenueService) -> any VenueFront
    ) throws -> (any Channel)? {
        guard let address else { return nil }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: 1 << 20, high: 32 << 20)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, front(service.value))
                }
            }
        do {
            return try bootstrap.bind(host: address.host, port: address.port).wait()
        } catch {
            throw ProcessFailure(
                .unavailable,
                "cannot listen on \(address): \(error); choose another port or stop what uses it")
        }
    }

    private static func configure(_ channel: any Channel, _ front: any VenueFront) throws {
        let front = NIOLoopBound(front, eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 20, automaticErrorHandling: true,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    front.value.socket(for: head) == nil ? nil : HTTPHeaders()
                }
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard let socket = front.value.socket(for: head) else {
                        throw ChannelError.ioOnClosedChannel
                    }
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 16,
                            maxAccumulatedFrameSize: 1 << 20),
                        SocketHandler(socket: socket))
                }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    let channel = context.channel
                    context.pipeline.syncOperations.removeHandler(name: handlerName)
                        .whenFailure { _ in channel.close(promise: nil) }
                }
            ))
        try channel.pipeline.syncOperations.addHandler(
            HTTPHandler(front: front.value), name: handlerName)
    }
}
