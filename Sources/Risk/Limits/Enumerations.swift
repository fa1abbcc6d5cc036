import Trading
import Wire

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

@inline(__always) private func tag<Value: BitwiseCopyable>(_ value: Value) -> UInt8 {
    unsafeBitCast(value, to: UInt8.self)
}

extension LimitKind {
    /// The kind's place in a table of all kinds; below 64.
    @inline(__always) var place: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}
