import Trading
import Wire

/// Encoding and decoding of the fixed block of an order request.
enum WireBench {
    private static let count = 200_000

    static func measure() throws -> [Figure] {
        let request = BenchOrders.request(number: 1, intent: 1, instrument: 0, strategy: 0)
        var writer = WireWriter(capacity: 4_096)
        let encode = Stopwatch.nanosecondsEach(count) {
            for _ in 0..<count {
                writer.removeAll()
                request.encode(into: &writer, features: [], signal: [], model: [])
            }
            consume(writer)
        }
        let frame = request.frame()
        var units: Int64 = 0
        let decode = try Stopwatch.nanosecondsEach(count) {
            for _ in 0..<count {
                units &+= try OrderRequest(decoding: frame.span.bytes).price.units
            }
            consume(units)
        }
        return [
            Figure(name: "wire_encode_order_request", value: encode, unit: "ns", runs: 7),
            Figure(name: "wire_decode_order_request", value: decode, unit: "ns", runs: 7),
        ]
    }
}
