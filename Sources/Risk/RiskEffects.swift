package import Trading
package import Wire

/// What the shell has to do after a command is durable. Envelopes are the transport's to fill.
package enum RiskEffect: Sendable {
    /// Send a permit to its gateway; `mac` and `validity` are the shell's to fill.
    case permit(OrderPermit)
    /// Answer an agent.
    case decide(Decision, agent: ProcessID)
    /// Tell an agent what became of its order.
    case update(OrderUpdate, agent: ProcessID)
    /// Tell an agent that a position was settled.
    case settle(PositionSettled, agent: ProcessID)
    /// Ask a gateway to cancel an order.
    case cancel(CancelOrder, gateway: ProcessID)
    /// Ask a gateway what became of a permit of an earlier lease.
    case queryFate(FateQuery, gateway: ProcessID)
    /// The arming state has changed.
    case arm(ArmingState)
    /// Answer an operator.
    case reply(nonce: UInt64, isAccepted: Bool, cancelled: UInt32, OperatorOutcome)
    /// Limits have changed, or will.
    case limits(LimitNotice)
    /// Something that must not happen has happened; a person has to look.
    case alarm(RiskAlarm)
}

/// Why an operator's command was accepted or refused.
package enum OperatorOutcome: Sendable, Hashable, CustomStringConvertible {
    case done
    /// The command was seen before; nothing was done twice.
    case repeated
    /// The global state is halted: resume it first.
    case halted
    /// A gateway has seen a later epoch than this core's.
    case gatewayAhead
    /// Nothing is halted under that scope.
    case nothingToResume
    /// A loss beyond its limit stands: its period must end, or the limit be widened.
    case lossLimitStands
    /// The action exists only for the scope `all`.
    case wrongScope
    /// The command names no scope that could exist.
    case emptyScope
    /// The account differs from its venue: resolve the break first.
    case breakUnresolved
    /// The account has no break that could be resolved.
    case nothingToResolve
    /// There is no such account.
    case unknownAccount
    /// The amount is zero, or more than any account has.
    case wrongAmount
    /// Live trading needs the whole registry.
    case registryMissing
    /// The change of limits is in force, as this version.
    case limitsInForce(version: UInt64)
    /// The change of limits comes into force at this time of the wall clock.
    case limitsWait(until: Timestamp)
    case limitsRefused(LimitRefusal)
    case directiveRefused(DirectiveRefusal)
    case capitalRefused(CapitalRefusal)

    package var isAccepted: Bool {
        switch self {
        case .done, .repeated, .limitsInForce, .limitsWait: true
        case .halted, .gatewayAhead, .nothingToResume, .wrongScope, .emptyScope, .lossLimitStands,
            .breakUnresolved, .nothingToResolve, .unknownAccount, .wrongAmount, .registryMissing,
            .limitsRefused, .directiveRefused, .capitalRefused:
            false
        }
    }

    package var description: String {
        switch self {
        case .done: "done"
        case .repeated: "repeated"
        case .halted: "halted"
        case .gatewayAhead: "gatewayAhead"
        case .nothingToResume: "nothingToResume"
        case .wrongScope: "wrongScope"
        case .emptyScope: "emptyScope"
        case .lossLimitStands: "lossLimitStands"
        case .breakUnresolved: "breakUnresolved"
        case .nothingToResolve: "nothingToResolve"
        case .unknownAccount: "unknownAccount"
        case .wrongAmount: "wrongAmount"
        case .registryMissing: "registryMissing"
        case .limitsInForce(let version): "in force as version \(version)"
        case .limitsWait(let time): "comes into force at \(time)"
        case .limitsRefused(let refusal): "\(refusal)"
        case .directiveRefused(let refusal): "\(refusal)"
        case .capitalRefused(let refusal): "\(refusal)"
        }
    }
}

/// A fact that contradicts what the engine believes.
package enum RiskAlarm: Sendable, Hashable {
    /// A fill for an order that the engine does not know; the account is halted.
    case fillWithoutOrder(OrderID, InstrumentID)
    /// More was filled than was permitted; the account is halted.
    case overfill(OrderID)
    /// A report whose numbers cannot be; it was not booked and the account is halted.
    case reportRefused(WireTemplate, InstrumentID)
    /// A gateway reported on what is another gateway's.
    case wrongGateway(ProcessID, OrderID)
    /// What the venue paid differs from what the positions are due.
    case payoutDiffers(InstrumentID, by: Money)
    /// An instrument's definition cannot be, or contradicts an earlier one.
    case definitionRefused(InstrumentID)
    /// A bust for a fill that the engine does not have.
    case bustWithoutFill(OrderID)
    /// The reconciliation of an account found differences.
    case reconciliationBreaks(AccountID, UInt32)
    /// More fills in a minute than a scope may have; the account is halted.
    case fillRate(AccountID, limit: Int64)
    /// A fill worse than its permit's price by more than it may be; the account is halted.
    case slippage(OrderID, by: Price)
    /// A strategy's fills in an instrument turn against it: it only reduces there for a while.
    case adverseSelection(StrategyKey, InstrumentID, mean: Price)
    /// A brake has changed.
    case brake(BrakeChange)
    /// The venue has settled an instrument for another number of contracts than the ledger held:
    /// more by this many, late fills included. The account does not trade until that is explained.
    case settlementDiffers(InstrumentID, by: Quantity)
    /// An account differs from its venue and no news explains it: halted until an operator resolves
    /// the break.
    case accountBroken(AccountID)
    /// An account that holds something, or that is not open, was to get another cost method.
    case costMethodRefused(AccountID)
    /// A strategy repeated itself too often and was halted.
    case strategyDisabled(StrategyKey)
    /// The list of halts is full; everything was halted instead.
    case haltsExhausted
    /// A statement of a registry that is not the next one, or that nothing announced.
    case registryRefused(UInt64)
    /// The venue declines too much or answers too late: an account takes no new risk for a while.
    case venueGuarded(AccountID, LimitKind, limit: Int64, value: Int64)
    /// Alerts reach nobody, so that nothing takes new risk; or they reach somebody again.
    case alertPath(isDead: Bool)
    /// An instrument's quotes are old or have gaps: it takes no new risk for a while.
    case quoteGuarded(InstrumentID, limit: Int64, value: Int64)
}

/// The effects of one command: a buffer that is used again and again.
package struct RiskEffects: Sendable {
    package private(set) var items: [RiskEffect] = []

    package init() { items.reserveCapacity(64) }

    package mutating func append(_ effect: RiskEffect) { items.append(effect) }
    package mutating func removeAll() { items.removeAll(keepingCapacity: true) }
    package var isEmpty: Bool { items.isEmpty }
    package var count: Int { items.count }
}
