/// The side of an order on the YES outcome. Selling YES is buying NO at 1 − p.
package enum Side: UInt8, Sendable, BitwiseCopyable, CaseIterable, CustomStringConvertible {
    case buy = 1
    case sell = 2

    package var opposite: Side { self == .buy ? .sell : .buy }
    /// +1 for a buy, −1 for a sell.
    package var sign: Int64 { self == .buy ? 1 : -1 }
    package var description: String { self == .buy ? "buy" : "sell" }
}

/// How far an order may go. Mode is part of every key; nothing nets over modes.
package enum Mode: UInt8, Sendable, BitwiseCopyable, CaseIterable, Comparable,
    CustomStringConvertible
{
    case paper = 1
    case shadow = 2
    case live = 3

    package static func < (lhs: Mode, rhs: Mode) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String {
        switch self {
        case .paper: "paper"
        case .shadow: "shadow"
        case .live: "live"
        }
    }
}

/// How long an order may rest.
package enum TimeInForce: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case goodTillCancelled = 1
    case immediateOrCancel = 2
    case fillOrKill = 3
    /// Rests until the venue-side expiry that the order carries.
    case goodTillTime = 4
}

/// Whether a fill took resting liquidity or provided it.
package enum Liquidity: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case maker = 1
    case taker = 2
}

/// Where an order is in its life. See docs/HANDBOOK.md.
package enum OrderState: UInt8, Sendable, BitwiseCopyable, CaseIterable, CustomStringConvertible {
    case requested = 1
    case rejected = 2
    case permitted = 3
    case refusedByGateway = 4
    case sent = 5
    case unknown = 6
    case working = 7
    case cancelling = 8
    case filled = 9
    case cancelled = 10
    case declined = 11
    case expired = 12

    /// Whether nothing more can happen to the order, except a late fill or a bust.
    package var isTerminal: Bool {
        switch self {
        case .rejected, .refusedByGateway, .filled, .cancelled, .declined, .expired: true
        case .requested, .permitted, .sent, .unknown, .working, .cancelling: false
        }
    }

    /// Whether the state may follow from `self`. The order's own fact wins over our wishes: a venue
    /// may report working again after we asked for a cancel that came too late.
    package func canBecome(_ next: OrderState) -> Bool {
        switch (self, next) {
        case (.requested, .rejected), (.requested, .permitted): true
        case (.permitted, .refusedByGateway), (.permitted, .sent), (.permitted, .expired): true
        case (.permitted, .unknown), (.permitted, .working), (.permitted, .cancelling): true
        case (.permitted, .filled), (.permitted, .cancelled), (.permitted, .declined): true
        case (.sent, .unknown), (.sent, .working), (.sent, .cancelling), (.sent, .filled): true
        case (.sent, .cancelled), (.sent, .declined), (.sent, .expired): true
        case (.unknown, .working), (.unknown, .cancelling), (.unknown, .filled): true
        case (.unknown, .cancelled), (.unknown, .declined), (.unknown, .expired): true
        case (.unknown, .sent), (.unknown, .refusedByGateway): true
        case (.working, .cancelling), (.working, .filled), (.working, .cancelled): true
        case (.working, .expired), (.working, .unknown), (.working, .declined): true
        case (.cancelling, .working), (.cancelling, .filled), (.cancelling, .cancelled): true
        case (.cancelling, .expired), (.cancelling, .unknown), (.cancelling, .declined): true
        case (.cancelling, .refusedByGateway): true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .requested: "requested"
        case .rejected: "rejected"
        case .permitted: "permitted"
        case .refusedByGateway: "refusedByGateway"
        case .sent: "sent"
        case .unknown: "unknown"
        case .working: "working"
        case .cancelling: "cancelling"
        case .filled: "filled"
        case .cancelled: "cancelled"
        case .declined: "declined"
        case .expired: "expired"
        }
    }
}

/// Whether a fill may still be taken back by the venue.
package enum FillFinality: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case provisional = 1
    case final = 2
    case busted = 3
}
