import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// The disk takes no more.
    @Suite struct FailingDiskTests {
        /// - Attack disk, 1 try: the core's journal on a disk of 2 MiB, until it is full.
        @Test(.enabled(if: geteuid() == 0, "mounting a disk needs root"), .timeLimit(.minutes(2)))
        func aFullDiskStopsTheCoreAndLosesNothing() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                let disk = cluster.state + "/core"
                mkdir(disk, 0o700)
                let mounted = try await cluster.run(
                    "/bin/mount",
                    ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", disk])
                // A container may forbid it to root too.
                guard mounted.exitCode == 0 else { return }
                defer { umount2(disk, Int32(MNT_DETACH)) }
                try cluster.launch()
                try await waitUntil("the disk is full") {
                    cluster.hasLogged("core", "commitFailed") || cluster.hasLogged("core", "full")
                }
                try await waitUntil("nobody trades any more", within: .seconds(30)) {
                    let before = try cluster.venueRequests()
                    try await Task.sleep(for: .seconds(3))
                    return try cluster.venueRequests() == before
                }
                cluster.signalSupervisor(SIGKILL)
                try await waitUntil("everybody has ended") { cluster.processIDs().isEmpty }
                try cluster.expect(try await cluster.command("journal", "verify"), exitCode: 0)
                try cluster.expect(try await cluster.command("journal", "replay"), exitCode: 0)
                let sent = try cluster.usedPermits().count
                let permitted = try await cluster.orders().count
                try #require(sent > 0 && sent <= permitted, "\(sent) of \(permitted)")
            }
        }

        /// - Attack disk, 1 try: every sync of the core's journal fails.
        @Test(
            .enabled(
                if: access("/usr/bin/strace", X_OK) == 0 && geteuid() == 0,
                "failing the syncs of a process needs strace and root"),
            .timeLimit(.minutes(2)))
        func aFailedSyncEndsTheCoreAndTheNextOneGoesOn() async throws {
            try await LocalClusterHarness.with(ClusterOptions(hours: 12, hasCoin: true)) {
                cluster in
                try await cluster.start()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let old = try cluster.pid(of: "core")
                let calls = "fdatasync,fsync"
                let tracer = try ChildProgram(
                    "/usr/bin/strace",
                    [
                        "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
                        "inject=\(calls):error=EIO", "-p", "\(old)",
                    ], folder: cluster.folder + "/out")
                try await waitUntil("the core ends and comes back") {
                    try cluster.requireRunning()
                    guard tracer.isRunning || cluster.processIDs()["core"] != old else {
                        throw ClusterFailure("strace: \(tracer.errors)")
                    }
                    return cluster.processIDs()["core"].map { $0 != old } ?? false
                }
                tracer.signal(SIGTERM)
                try await cluster.waitUntilReady()
                try await cluster.waitForTrading(permits: 5, fills: 1)
                let summary = try await cluster.stop()
                try #require(summary.restarts == 1, "\(summary)")
                try await cluster.requireConsistent(with: summary)
            }
        }
    }
}
