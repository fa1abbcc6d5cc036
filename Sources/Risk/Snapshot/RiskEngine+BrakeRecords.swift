import Portfolio
import Trading
import Wire

/// Brakes and marks as records of a snapshot.
extension RiskEngine {
    func writeMarks(into writer: inout SnapshotWriter) {
        let known = instruments.indices.map { instruments[$0] }
        for instrument in known.sorted(by: { $0.id < $1.id }) {
            guard instrument.mark != RobustMark() else { continue }
            writer.append(
                SnapshotMark(
                    instrument: instrument.id, hasTrusted: Flag(instrument.mark.trusted != nil),
                    trusted: instrument.mark.trusted ?? .zero,
                    isSettling: Flag(instrument.mark.isSettling),
                    haircut: instrument.mark.haircut))
        }
    }

    func writeBrakes(into writer: inout SnapshotWriter) {
        for node in nodesInOrder {
            let brake = nodes[Int(node)].brake
            let key = meters[nodes[Int(node)].meter].key
            writer.append(
                SnapshotBrake(
                    level: key.level, org: key.org, account: key.account,
                    mode: nodes[Int(node)].mode, strategy: key.strategy,
                    phase: brake.drawdown.phase, cause: brake.cause,
                    haltedUntil: brake.drawdown.until, capital: brake.capital,
                    equity: brake.drawdown.equity, peak: brake.drawdown.peak,
                    profit: brake.profit, day: brake.day.number, dayStart: brake.day.start,
                    dayStage: brake.day.stage, week: brake.week.number,
                    weekStart: brake.week.start, weekStage: brake.week.stage,
                    totalStage: brake.totalStage, multiplier: brake.multiplier))
        }
    }

    /// Puts a mark back; false when its instrument is not known.
    mutating func restore(_ record: SnapshotMark) -> Bool {
        guard let index = instrumentIndex[record.instrument], record.trusted >= .zero,
            record.trusted <= .one
        else { return false }
        instruments[index].mark = RobustMark(
            trusted: record.hasTrusted.isSet ? record.trusted : nil,
            isSettling: record.isSettling.isSet, haircut: record.haircut)
        return true
    }

    /// Puts a brake back; false when its scope is not known.
    mutating func restore(_ record: SnapshotBrake) -> Bool {
        let place = node(
            record.level, record.org, record.account, record.mode, record.strategy)
        guard let node = place else { return false }
        var brake = Brake()
        brake.drawdown = DrawdownBrake(
            phase: record.phase, equity: record.equity, peak: record.peak,
            until: record.haltedUntil)
        brake.multiplier = record.multiplier
        brake.cause = record.cause
        brake.capital = record.capital
        brake.profit = record.profit
        brake.day = LossPeriod(
            number: record.day, start: record.dayStart, stage: record.dayStage)
        brake.week = LossPeriod(
            number: record.week, start: record.weekStart, stage: record.weekStage)
        brake.totalStage = record.totalStage
        nodes[Int(node)].brake = brake
        return true
    }

    /// The node of a scope, where it is known.
    func node(
        _ level: LimitLevel, _ org: OrgID, _ account: AccountID, _ mode: Mode,
        _ strategy: StrategyID
    ) -> Int32? {
        switch level {
        case .firm: modeNodes[ModeScope(org: .empty, mode: mode)]
        case .org: modeNodes[ModeScope(org: org, mode: mode)]
        case .account:
            accountIndex[AccountKey(org: org, account: account, mode: mode)].map {
                accounts[Int($0)].node
            }
        case .strategy:
            strategyNodes[
                StrategyKey(org: org, account: account, mode: mode, strategy: strategy)]
        case .none, .instrument, .event, .venue: nil
        }
    }

    /// A position of a snapshot that has no marks is worth what it cost.
    mutating func markByCost(_ index: Int32, _ position: Position) {
        guard instruments[index].mark.trusted == nil, !position.isFlat else { return }
        let units = Int128(position.cost.units) * Int128(Price.scale)
        let perContract = divide(
            units, by: Int128(position.quantity.magnitude.units), .down)
        let price = min(max(perContract, 0), Int128(Price.scale))
        instruments[index].mark.trusted = Price(
            units: Int64(position.quantity.isNegative ? Int128(Price.scale) - price : price))
    }

    /// Computes what every scope has earned. Brakes of a snapshot that has none begin at that.
    mutating func finishBrakes(areStored: Bool) {
        let flows = ledgerFlows()
        for index in nodes.indices { nodes[index].flow = flows[index] }
        if areStored { return }
        for index in nodes.indices {
            let node = Int32(index)
            nodes[index].brake.profit = profit(of: node)
            nodes[index].brake.observe(
                earned: profit(of: node), capital: capital(of: node),
                Brake.Rules(drawdown: DrawdownRule(hard: nil)), at: now, isHealthy: false)
        }
    }
}
