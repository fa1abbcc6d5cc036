package import Trading

/// How an agent trades what its policy believes: the same for every domain.
package struct TradingTerms: Sendable, Equatable {
    // Edge.

    /// What a taker and a maker pay per unit of `P × (1 − P)`. Series without maker fees exist; one
    /// that is not known is taken to have them.
    package var takerRate = KalshiFees.takerRate
    package var makerRate = KalshiFees.makerRate
    /// What capital costs a year, as a fraction of itself.
    package var capitalCost = 0.05
    /// The least net edge per contract worth an order, in price.
    package var edgeMinimum = 0.005
    /// The horizon at which the adverse markout is charged.
    package var markoutHorizon = Span.seconds(5)
    package var markout = MarkoutTracker.Terms()

    // Size.

    /// The part of the Kelly stake that is used.
    package var kellyFraction = 0.25
    package var orderQuantityMin = Quantity(1)
    package var orderQuantityMax = Quantity(5)
    package var positionMax = Quantity(20)
    package var openOrdersMax = 6
    /// How much one parent intent covers.
    package var intentQuantity = Quantity(20)
    /// How long a parent lives at most, so that a market of months needs no more of them at once
    /// than one of minutes.
    package var intentLifetime = Span.seconds(1_800)
    /// How far above the first child's price a parent's limit lies.
    package var intentSlack = Price(units: 50_000_000)

    /// The algorithm that works what is wanted; nil: one order at a time.
    package var execution: ExecutionPlan?

    // Quotes.

    package var quoteLifetime = Span.seconds(20)
    /// How long a side of a market rests after a request, and after a rejection.
    package var requestInterval = Span.seconds(2)
    package var rejectionPause = Span.seconds(5)
    /// How many ticks better a price must be for a standing quote to move.
    package var requoteTicks: Int64 = 2
    /// How many ticks' worth the basis may move under a standing quote.
    package var moveTicks: Int64 = 1
    /// How many ticks behind the touch a quote may stand.
    package var quoteDistanceTicks: Int64 = 1
    package var bookAgeMax = Span.seconds(5)

    // Work.

    /// How many markets are looked at in one tick.
    package var scanBudget = 32
    /// How often each market is looked at in one tick; more than one only to test overload.
    package var scanLoad = 1
    /// Scan work that is older than this is shed.
    package var scanAgeMax = Span.seconds(2)
    /// How long before its window a market is looked at.
    package var scanHorizon = Span.seconds(1_800)
    /// The most intents and order requests of one tick.
    package var requestsPerTickMax = 8

    package init() {}

    /// The terms that a decision depends on, for the model's hash.
    package var canonicalText: String {
        [
            "takerRate=\(takerRate)", "makerRate=\(makerRate)", "capitalCost=\(capitalCost)",
            "edgeMinimum=\(edgeMinimum)", "markoutHorizon=\(markoutHorizon.nanoseconds)",
            "markoutPrior=\(markout.prior)x\(markout.priorQuantity)/\(markout.halfLife)",
            "markoutMemory=\(markout.memory.nanoseconds)",
            "kelly=\(kellyFraction)", "quantity=\(orderQuantityMin)...\(orderQuantityMax)",
            "position=\(positionMax)", "moveTicks=\(moveTicks)", "requoteTicks=\(requoteTicks)",
            "distance=\(quoteDistanceTicks)", "lifetime=\(quoteLifetime.nanoseconds)",
        ].joined(separator: " ") + (execution.map { " " + $0.canonicalText } ?? "")
    }
}
