import Cryptography
import Journal
import Portfolio
import Risk
import Runtime
import Trading
import Wire

/// Makes the statements of every day and scope from the core's journal: the engine goes through the
/// recorded decisions again, and every posting of its ledger is counted where it belongs.
struct StatementBook {
    private let filter: StatementFilter
    private var engine: RiskEngine
    private var effects = RiskEffects()
    /// The day under way, in days since 1970; nil before the first entry with a market time.
    private var day: Int64?
    private var opening: [StatementScope: StatementBalance]
    private var flows: [StatementScope: StatementFlows] = [:]
    private(set) var statements: [Statement] = []

    /// - Parameter engine: A new one, or that of the snapshot where the journal's entries begin.
    init(from engine: RiskEngine, filter: StatementFilter) {
        self.engine = engine
        self.filter = filter
        self.engine.keepLedgerLines()
        opening = StatementBook.balances(of: engine)
    }

    /// Takes the next entry.
    mutating func take(_ header: EntryHeader, _ body: [UInt8]) throws {
        // Until the market's clock is heard, time is zero; what happens then is the first day's.
        let today = header.at.nanoseconds / Span.seconds(86_400).nanoseconds
        if today > 0 {
            if let day, today > day { close(day) }
            day = today
        }
        effects.removeAll()
        switch try engine.recover(body, into: &effects) {
        case .command: count()
        case .checkpoint(let checkpoint): try compare(checkpoint, header)
        }
    }

    /// Closes the day under way.
    mutating func finish() { close(day ?? 0) }

    private mutating func count() {
        for line in engine.takeLedgerLines() {
            for scope in StatementScope.all(of: line.account, line.strategy) {
                if scope.strategy == nil {
                    flows[scope, default: StatementFlows()].add(line)
                } else {
                    flows[scope, default: StatementFlows()].addOwn(line)
                }
            }
        }
    }

    private func compare(_ checkpoint: Checkpoint, _ header: EntryHeader) throws {
        guard header.engineVersion == RiskEngine.version else { return }
        let found = Digest(bytes: SHA256.hash(engine.snapshotBytes()).bytes) ?? .zero
        if found != checkpoint.stateHash {
            throw ProcessFailure(
                .refused,
                "entry \(header.sequence): the checkpoint has state hash \(checkpoint.stateHash), "
                    + "the entries before it make \(found)")
        }
    }

    private mutating func close(_ day: Int64) {
        let name = String(Timestamp(seconds: day * 86_400).description.prefix(10))
        let closing = StatementBook.balances(of: engine)
        let positions = engine.markedPositions
        if filter.day == nil || filter.day == name {
            for scope in closing.keys.sorted() where filter.takes(scope) {
                statements.append(
                    Statement(
                        day: name, scope: scope, opening: opening[scope] ?? StatementBalance(),
                        flows: flows[scope] ?? StatementFlows(),
                        closing: closing[scope] ?? StatementBalance(),
                        positions: positions.filter { scope.covers($0.owner) }))
            }
        }
        opening = closing
        flows = [:]
    }

    /// The balances of every scope that there is.
    private static func balances(of engine: RiskEngine) -> [StatementScope: StatementBalance] {
        var found: [StatementScope: StatementBalance] = [:]
        for book in engine.ledger.accounts {
            let reserved = engine.reservedCash(of: book.key)
            for scope in StatementScope.all(of: book.key, nil) {
                found[scope, default: StatementBalance()].add(book, reserved: reserved)
            }
        }
        for book in engine.ledger.strategies {
            found[StatementScope(book.key), default: StatementBalance()].add(book)
        }
        for position in engine.markedPositions {
            for scope in StatementScope.all(of: position.owner.accountKey, position.owner.strategy)
            {
                found[scope, default: StatementBalance()]
                    .add(position, isOwn: scope.strategy != nil)
            }
        }
        return found
    }
}

extension StatementScope {
    /// Whether a strategy's positions are the scope's.
    func covers(_ owner: StrategyKey) -> Bool {
        org == owner.org && mode == owner.mode && (account ?? owner.account) == owner.account
            && (strategy ?? owner.strategy) == owner.strategy
    }
}
