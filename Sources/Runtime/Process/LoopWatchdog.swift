import Glibc
import Synchronization
import Trading
import Transport

/// Feeds systemd's watchdog through the loop: the message is sent by the loop's own thread, so a
/// loop that hangs is no longer fed and is restarted.
final class LoopWatchdog: Sendable {
    private let isEnded = Atomic<Bool>(false)

    init<Service: LoopService>(
        _ loop: PollLoop<Service>, _ notifier: SystemdNotifier, every interval: Trading.Span
    ) {
        let feed = Feed(isEnded: { [weak self] in self?.ended ?? true }, interval: interval) {
            _ = loop.post { _ in notifier.watchdog() }
        }
        let context = Unmanaged.passRetained(feed)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { raw in
                if let raw { Unmanaged<Feed>.fromOpaque(raw).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        if result == 0 { pthread_detach(thread) } else { context.release() }
    }

    private var ended: Bool { isEnded.load(ordering: .acquiring) }

    func end() { isEnded.store(true, ordering: .releasing) }

    private final class Feed: Sendable {
        let isEnded: @Sendable () -> Bool
        let interval: Trading.Span
        let feed: @Sendable () -> Void

        init(
            isEnded: @escaping @Sendable () -> Bool, interval: Trading.Span,
            feed: @escaping @Sendable () -> Void
        ) {
            self.isEnded = isEnded
            self.interval = interval
            self.feed = feed
        }

        func run() {
            while !isEnded() {
                feed()
                usleep(UInt32(clamping: interval.nanoseconds / 1_000))
            }
        }
    }
}
