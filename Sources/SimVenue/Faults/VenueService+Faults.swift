import MarketSim
import NIOHTTP1
import Runtime
import Trading

/// What goes wrong on purpose, and its lines in the log.
extension VenueService {
    func fate(of request: VenueRequest, at name: String) -> FaultDirector.RequestFate {
        guard let faults = engine.faults else { return FaultDirector.RequestFate() }
        let fate = faults.request(name, at: engine.now)
        let isSkewed = faults.skew(name, at: engine.now) != .zero
        for kind in fate.kinds + (isSkewed ? [.skewed] : []) {
            note(kind, name, "\(request.method.rawValue) \(request.path)")
        }
        return fate
    }

    func fateOfMessage(at name: String) -> FaultDirector.MessageFate {
        guard let faults = engine.faults else { return .told }
        let (fate, kind) = faults.message(name, at: engine.now)
        if let kind { note(kind, name, "message") }
        return fate
    }

    /// The wall clock as the venue has it.
    func wallNow(at name: String) -> Timestamp {
        WallClock.now() + (engine.faults?.skew(name, at: engine.now) ?? .zero)
    }

    func note(_ kind: FaultPlan.Kind, _ name: String, _ what: String) {
        do {
            try engine.note("fault", "\(kind.rawValue) \(name) \(what)", wall: WallClock.now())
        } catch {
            fail(error)
        }
    }
}
