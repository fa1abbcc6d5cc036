import Foundation
import MarketSim
import TestSupport
import Testing

@Suite struct QueueModelVectorTests {
    private struct Vectors: Decodable {
        struct Case: Decodable {
            let name: String
            let input: Input
            let expected: Expected
        }
        struct Input: Decodable {
            let kind: String
            let n: Double
            let initialFront: Double
            let lot: Double
            let events: [Event]
        }
        struct Expected: Decodable { let states: [State] }
        struct State: Decodable {
            let front: Double
            let filledNow: Double
            let filledCum: Double
        }
        enum Event: Decodable {
            case depth(Double, Double)
            case trade(Double)
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                switch try list.decode(String.self) {
                case "depth":
                    self = .depth(try list.decode(Double.self), try list.decode(Double.self))
                case "trade": self = .trade(try list.decode(Double.self))
                case let other:
                    throw DecodingError.dataCorruptedError(
                        in: list, debugDescription: "no event is called \(other)")
                }
            }
        }
        // The names are the file's.
        let tolerance_abs: Double
        let cases: [Case]
    }

    private func model(_ kind: String, _ n: Double) throws -> QueueModel {
        switch kind {
        case "risk_averse": .riskAverse
        case "power": .power(n)
        case "power2": .powerOfSum(n)
        case "power3": .powerOfShare(n)
        case "log": .log
        case "log2": .logOfSum
        default: try #require(nil as QueueModel?, "no model is called \(kind)")
        }
    }

    @Test func queueModelsVector() throws {
        guard let file = try VectorFile.decode(Vectors.self, "algorithms", "queue_models") else {
            return
        }
        for item in file.cases {
            let model = try model(item.input.kind, item.input.n)
            let lot = item.input.lot
            var place = QueuePlace(front: item.input.initialFront / lot)
            var filled = 0.0
            try #require(item.input.events.count == item.expected.states.count)
            for (event, state) in zip(item.input.events, item.expected.states) {
                var now = 0.0
                switch event {
                case .depth(let previous, let next):
                    place.level(from: previous / lot, to: next / lot, model)
                case .trade(let quantity):
                    now = place.trade(quantity / lot, reaching: quantity / lot) * lot
                }
                filled += now
                #expect(abs(place.front * lot - state.front) <= file.tolerance_abs, "\(item.name)")
                #expect(abs(now - state.filledNow) <= file.tolerance_abs, "\(item.name)")
                #expect(abs(filled - state.filledCum) <= file.tolerance_abs, "\(item.name)")
            }
        }
    }
}
