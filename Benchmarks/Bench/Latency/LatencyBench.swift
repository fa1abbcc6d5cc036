import Trading
import Transport

/// From an agent's request to its permit at the gateway: over ipc with CURVE, through the real
/// risk core in a process of its own, one request at a time.
///
/// The peer is what no design that decides durably can avoid: a message there and a message back
/// in libzmq alone, and one SQLite commit of the same bytes on the same disk. The two take turns
/// in short slices, because a disk that others use is not the same disk a few seconds later.
enum LatencyBench {
    private static let runs = 3
    private static let slices = 10
    private static let requests = 200
    /// Not measured: the first requests of every slice, after the core has been idle.
    private static let warmUp = 20

    static func measure(in folder: String) throws -> [Figure] {
        let cluster = try LatencyCluster(in: folder)
        var samples: [LatencySample] = []
        for run in 0..<runs {
            let session = try cluster.start(run)
            defer { session.stop() }
            samples.append(try sample(session, in: "\(folder)/limit-\(run)"))
        }
        func median(_ value: (LatencySample) -> Double) -> Double {
            Stopwatch.median(samples.map(value))
        }
        return [
            Figure(
                name: "request_to_permit_ipc", value: median { Stopwatch.median($0.permits) },
                unit: "us", runs: runs, peer: "raw zmq + SQLite commit",
                peerValue: median { Stopwatch.median($0.hops) + Stopwatch.median($0.commits) }),
            Figure(
                name: "request_to_permit_ipc_p99",
                value: median { $0.permits.sorted()[$0.permits.count * 99 / 100] }, unit: "us",
                runs: runs),
            Figure(
                name: "request_to_decision_ipc", value: median { Stopwatch.median($0.decisions) },
                unit: "us", runs: runs),
        ]
    }

    private static func sample(
        _ session: LatencySession, in path: String
    ) throws -> LatencySample {
        let rows = try RawSQLite(path: path + ".sqlite")
        defer { rows.close() }
        var sample = LatencySample()
        // The core is up when the first requests are through.
        _ = try session.permit(warmUp)
        let entryBytes = try session.entryBytes()
        for slice in 0..<slices {
            let times = try session.permit(warmUp + requests)
            sample.permits += times.permits.dropFirst(warmUp)
            sample.decisions += times.decisions.dropFirst(warmUp)
            // There and back as many bytes as a request and its permit have together.
            let hops = try rawRoundTrip(
                count: requests, bytes: (times.requestBytes + times.permitBytes) / 2,
                over: Endpoint(path: "\(path)-\(slice).sock"))
            sample.hops += hops.map { Double($0.nanoseconds) / 1_000 }
            let commits = try rows.commitMicroseconds(warmUp + requests, bytes: entryBytes)
            sample.commits += commits.dropFirst(warmUp)
        }
        return sample
    }
}

/// What one run came to, in microseconds each.
private struct LatencySample {
    var permits: [Double] = []
    var decisions: [Double] = []
    var hops: [Double] = []
    var commits: [Double] = []
}

/// A measurement that could not be made, in one line that says what to do.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
