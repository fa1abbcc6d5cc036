import Foundation
import Testing
import Trading

@testable import Runtime

@Suite struct SystemdNotifierTests {
    @Test func withoutASocketNothingHappens() {
        let notifier = SystemdNotifier(environment: [:])
        #expect(!notifier.isActive)
        #expect(notifier.watchdogInterval == nil)
        notifier.ready(status: "serving")
    }

    @Test func theWatchdogIsFedTwiceInItsTime() {
        let ours = ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"]
        #expect(SystemdNotifier(environment: ours).watchdogInterval == .milliseconds(1500))
        let others = ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"]
        #expect(SystemdNotifier(environment: others).watchdogInterval == nil)
    }

    @Test func sendsDatagramsToTheSocket() throws {
        let path = NSTemporaryDirectory() + "notify-\(getpid())"
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        SystemdNotifier(environment: ["NOTIFY_SOCKET": path]).ready(status: "serving")
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        #expect(
            String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
                == "READY=1\nSTATUS=serving")
    }
}
