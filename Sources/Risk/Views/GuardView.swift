import Portfolio
package import Trading

/// Where the live guard keeps new risk away, and what it measures of an account's venue.
package struct GuardView: Sendable, Hashable {
    package let account: AccountID
    package let isGuarded: Bool
    /// Shares of 1e-9 and nanoseconds; zero while there are too few answers.
    package let declines: Int64
    package let latency: Int64
    /// How long ago the account was last found to be as its venue states it, in nanoseconds.
    package let snapshotAge: Int64
}

extension RiskEngine {
    /// Every account's venue, in key order.
    package var guardViews: [GuardView] {
        accounts.sorted { $0.key < $1.key }.map { account in
            GuardView(
                account: account.key.account, isGuarded: account.health.guardedUntil > now,
                declines: account.health.declines ?? 0, latency: account.health.latency ?? 0,
                snapshotAge: now.nanoseconds - account.reconciledAt.nanoseconds)
        }
    }

    /// Instruments whose quotes keep new risk away, in name order.
    package var guardedInstruments: [InstrumentID] {
        instruments.indices.filter { instruments[$0].guardedUntil > now }
            .map { instruments[$0].id }.sorted()
    }
}
