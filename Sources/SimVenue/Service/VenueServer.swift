package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Runtime

/// The simulated venue on a port: HTTP and WebSocket, one event loop.
package final class VenueServer: Sendable {
    /// The port that was bound, also where the options asked for any.
    package let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let service: NIOLoopBound<VenueService>
    private let channel: any Channel
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
                channel = try VenueServer.bind(options, group, service)
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
        port = channel.localAddress?.port ?? options.port
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
            try? channel.close().wait()
            try? group.syncShutdownGracefully()
        }
        try finished.wait()
    }

    private static func bind(
        _ options: VenueOptions, _ group: MultiThreadedEventLoopGroup,
        _ service: NIOLoopBound<VenueService>
    ) throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: 1 << 20, high: 32 << 20)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel, service)
                }
            }
        do {
            return try bootstrap.bind(host: options.host, port: options.port).wait()
        } catch {
            throw ProcessFailure(
                .unavailable,
                "cannot listen on \(options.host):\(options.port): \(error); choose another port "
                    + "or stop what uses it")
        }
    }

    private static func configure(
        _ channel: any Channel, _ service: NIOLoopBound<VenueService>
    ) throws {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 20, automaticErrorHandling: true,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    participant(head, service.value) == nil ? nil : HTTPHeaders()
                }
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    guard let participant = participant(head, service.value) else {
                        throw ChannelError.ioOnClosedChannel
                    }
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 16,
                            maxAccumulatedFrameSize: 1 << 20),
                        SocketHandler(service: service.value, participant: participant))
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
            HTTPHandler(service: service.value), name: handlerName)
    }

    /// Who asks for a WebSocket, if the signature is right; else the request is answered as HTTP.
    private static func participant(
        _ head: HTTPRequestHead, _ service: VenueService
    ) -> VenueParticipant? {
        let path = head.uri.split(separator: "?").first.map(String.init) ?? ""
        guard path == VenueService.socketPath else { return nil }
        switch service.authenticate(head.headers, method: head.method.rawValue, path: path) {
        case .success(let participant): return participant
        case .failure: return nil
        }
    }
}
