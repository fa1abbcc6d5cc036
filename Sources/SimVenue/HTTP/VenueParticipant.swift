package import Cryptography
import MarketSim
import Trading

/// Who may trade at the venue: a key and the account behind it.
package struct ParticipantKey: Sendable {
    package let id: String
    /// What signs Kalshi's requests; nil for a wallet, whose id is the address that signs.
    package let publicKey: RSAPublicKey?
    package init(id: String, publicKey: RSAPublicKey?) {
        self.id = id
        self.publicKey = publicKey
    }
}

/// A participant with its throttles. Lives on the venue's one event loop.
final class VenueParticipant {
    let key: ParticipantKey
    let account: SimAccountID
    let tier: RateTier
    var reads: TokenBucket
    var writes: TokenBucket
    /// Orders, fills and settlements in the order in which they happened.
    var orders: [SimOrderID] = []
    var fills: [SimFill] = []
    var payouts: [SimPayout] = []

    init(key: ParticipantKey, account: SimAccountID, tier: RateTier) {
        self.key = key
        self.account = account
        self.tier = tier
        reads = TokenBucket(rate: tier.readTokensPerSecond, seconds: 2)
        writes = TokenBucket(rate: tier.writeTokensPerSecond, seconds: 2)
    }
}

/// Kalshi's tiers of rate limits, in tokens a second; the usual request costs ten.
package enum RateTier: String, Sendable, CaseIterable {
    case basic
    case advanced
    case premier
    case paragon
    case prime

    var readTokensPerSecond: Double {
        switch self {
        case .basic: 200
        case .advanced: 300
        case .premier: 1_000
        case .paragon: 2_000
        case .prime: 4_000
        }
    }

    var writeTokensPerSecond: Double { self == .basic ? 100 : readTokensPerSecond }
}

/// A token bucket that is filled by whoever owns its time.
struct TokenBucket: Sendable {
    private let rate: Double
    private let capacity: Double
    private var tokens: Double

    static let requestCost = 10.0

    init(rate: Double, seconds: Double) {
        self.rate = rate
        capacity = rate * seconds
        tokens = capacity
    }

    mutating func fill(_ elapsed: Span) {
        tokens = min(capacity, tokens + rate * max(0, elapsed.seconds))
    }

    /// Takes a request's cost; false where the bucket does not hold it.
    mutating func take() -> Bool {
        guard tokens >= TokenBucket.requestCost else { return false }
        tokens -= TokenBucket.requestCost
        return true
    }
}
