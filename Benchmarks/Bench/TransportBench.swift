import Trading
import Transport

/// What a message there and back takes over ipc with CURVE, in libzmq alone: the physical limit
/// of every hop of the cluster on this machine.
enum TransportBench {
    static func measure(in folder: String) throws -> [Figure] {
        var medians: [Double] = []
        for run in 0..<3 {
            let spans = try rawRoundTrip(
                count: 2_000, bytes: 512, over: Endpoint(path: "\(folder)/raw-\(run).sock"))
            medians.append(Stopwatch.median(spans.map { Double($0.nanoseconds) / 1_000 }))
        }
        return [
            Figure(
                name: "raw_zmq_round_trip_ipc_curve", value: Stopwatch.median(medians),
                unit: "us", runs: 3)
        ]
    }
}
