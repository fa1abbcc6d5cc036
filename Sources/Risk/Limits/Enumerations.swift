import Trading
package import Wire

// Enumerations of other modules, compared by their tags: a case without a payload is one byte, and
// the byte says which case it is. What the compiler makes for an enumeration with raw values
// compares those by a call that it does not resolve, and a decision compares a hundred.

@inline(__always) func == (lhs: Side, rhs: Side) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: Side, rhs: Side) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: Mode, rhs: Mode) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: Mode, rhs: Mode) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: TimeInForce, rhs: TimeInForce) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: TimeInForce, rhs: TimeInForce) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: OrderState, rhs: OrderState) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: OrderState, rhs: OrderState) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: ControlOutcome, rhs: ControlOutcome) -> Bool {
    tag(lhs) == tag(rhs)
}
@inline(__always) func != (lhs: ControlOutcome, rhs: ControlOutcome) -> Bool {
    tag(lhs) != tag(rhs)
}

@inline(__always) func == (lhs: Control, rhs: Control) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: Control, rhs: Control) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: JudgedKind, rhs: JudgedKind) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: JudgedKind, rhs: JudgedKind) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: Verdict, rhs: Verdict) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: Verdict, rhs: Verdict) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: RejectReason, rhs: RejectReason) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: RejectReason, rhs: RejectReason) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: LimitLevel, rhs: LimitLevel) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: LimitLevel, rhs: LimitLevel) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: LimitKind, rhs: LimitKind) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: LimitKind, rhs: LimitKind) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: ArmingState, rhs: ArmingState) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: ArmingState, rhs: ArmingState) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: InstrumentStatus, rhs: InstrumentStatus) -> Bool {
    tag(lhs) == tag(rhs)
}
@inline(__always) func != (lhs: InstrumentStatus, rhs: InstrumentStatus) -> Bool {
    tag(lhs) != tag(rhs)
}

@inline(__always) func == (lhs: LifecycleState, rhs: LifecycleState) -> Bool {
    tag(lhs) == tag(rhs)
}
@inline(__always) func != (lhs: LifecycleState, rhs: LifecycleState) -> Bool {
    tag(lhs) != tag(rhs)
}

@inline(__always) func == (lhs: ResolutionState, rhs: ResolutionState) -> Bool {
    tag(lhs) == tag(rhs)
}
@inline(__always) func != (lhs: ResolutionState, rhs: ResolutionState) -> Bool {
    tag(lhs) != tag(rhs)
}

@inline(__always) func == (lhs: BrakePhase, rhs: BrakePhase) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: BrakePhase, rhs: BrakePhase) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: BrakeCause, rhs: BrakeCause) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: BrakeCause, rhs: BrakeCause) -> Bool { tag(lhs) != tag(rhs) }

@inline(__always) func == (lhs: LossStage, rhs: LossStage) -> Bool { tag(lhs) == tag(rhs) }
@inline(__always) func != (lhs: LossStage, rhs: LossStage) -> Bool { tag(lhs) != tag(rhs) }

// Names of other modules, for the same reason, by their words.

@inline(__always) func == (lhs: ShortName, rhs: ShortName) -> Bool {
    lhs.high == rhs.high && lhs.low == rhs.low
}
@inline(__always) func == (lhs: ProcessID, rhs: ProcessID) -> Bool { lhs.name == rhs.name }
@inline(__always) func == (lhs: VenueID, rhs: VenueID) -> Bool { lhs.name == rhs.name }
@inline(__always) func == (lhs: OrgID, rhs: OrgID) -> Bool { lhs.name == rhs.name }
@inline(__always) func != (lhs: OrgID, rhs: OrgID) -> Bool { !(lhs.name == rhs.name) }
@inline(__always) func == (lhs: AccountID, rhs: AccountID) -> Bool { lhs.name == rhs.name }
@inline(__always) func == (lhs: StrategyID, rhs: StrategyID) -> Bool { lhs.name == rhs.name }
@inline(__always) func == (lhs: InstrumentID, rhs: InstrumentID) -> Bool {
    lhs.name.first == rhs.name.first && lhs.name.second == rhs.name.second
        && lhs.name.third == rhs.name.third && lhs.name.fourth == rhs.name.fourth
}
@inline(__always) func == (lhs: StrategyKey, rhs: StrategyKey) -> Bool {
    lhs.strategy == rhs.strategy && lhs.account == rhs.account && lhs.org == rhs.org
        && lhs.mode == rhs.mode
}

@inline(__always) private func tag<Value: BitwiseCopyable>(_ value: Value) -> UInt8 {
    unsafeBitCast(value, to: UInt8.self)
}

extension LimitLevel {
    /// The level of a slot of a path, which has none for no level.
    @inline(__always) init(slot: Int) {
        self = unsafeBitCast(UInt8(truncatingIfNeeded: slot + 1), to: LimitLevel.self)
    }

    /// The level's slot in a path.
    @inline(__always) var slot: Int { Int(tag(self)) - 1 }
}

extension LossStage {
    /// Its place on the ladder.
    @inline(__always) var rung: UInt8 { tag(self) }
}

extension ControlResult {
    /// Outcome, reason and level in one word, so that a control's result fits the processor's
    /// registers.
    @inline(__always) static func word(
        _ outcome: ControlOutcome, _ reason: RejectReason, _ level: LimitLevel
    ) -> UInt32 {
        UInt32(tag(outcome)) | UInt32(tag(reason)) << 8 | UInt32(tag(level)) << 16
    }

    package var outcome: ControlOutcome {
        @inline(__always) get {
            unsafeBitCast(UInt8(truncatingIfNeeded: word), to: ControlOutcome.self)
        }
    }
    package var reason: RejectReason {
        @inline(__always) get {
            unsafeBitCast(UInt8(truncatingIfNeeded: word >> 8), to: RejectReason.self)
        }
    }
    package var level: LimitLevel {
        @inline(__always) get {
            unsafeBitCast(UInt8(truncatingIfNeeded: word >> 16), to: LimitLevel.self)
        }
    }
}

extension LimitKind {
    /// The kind's place in a table of all kinds; below 64.
    @inline(__always) var place: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}
