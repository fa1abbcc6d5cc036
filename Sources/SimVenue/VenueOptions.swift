package import MarketSim
package import Runtime
package import Trading

/// An address to serve on.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
    package var description: String { "\(host):\(port)" }
}

/// What a simulated venue is to be.
package struct VenueOptions: Sendable {
    /// What it lists.
    package enum Markets: Sendable {
        case recorded(directory: String)
        case demo
        case file(String)
    }

    /// Where each protocol is served; nil where it is not.
    package var kalshi: ListenAddress?
    package var polymarket: ListenAddress?
    package var markets: Markets
    package var keys: [ParticipantKey]
    package var balance: Money
    package var seed: UInt64 = 7
    /// Where the log is kept; nil keeps none, and the venue forgets everything when it stops.
    package var logPath: String?
    package var speed: ReplaySpeed = .factor(1)
    package var tier: RateTier = .prime
    package var flow = FlowParameters()
    /// What goes wrong on purpose; nil: nothing.
    package var faults: FaultPlan?
    /// Participants without which market time does not begin, by their key ids.
    package var expected: [String] = []
    /// How long a tick waits for a participant that is silent or gone.
    package var patience = Span.seconds(10)
    /// How long market time stands still while no participant is there; then the venue fails.
    package var hold = Span.seconds(600)
    /// How long a tick waits for the first acknowledgement of a connection: its cluster starts.
    package var firstPatience = Span.seconds(60)
    /// How long market time runs, by the wall clock, from the first tick.
    package var runFor: Span?

    package init(
        kalshi: ListenAddress?, polymarket: ListenAddress? = nil, markets: Markets,
        keys: [ParticipantKey], balance: Money
    ) {
        self.kalshi = kalshi
        self.polymarket = polymarket
        self.markets = markets
        self.keys = keys
        self.balance = balance
    }
}
