import Portfolio
package import Trading

/// What a strategy has, or can come to have, in one instrument.
package struct ExposureView: Sendable, Hashable {
    package let owner: StrategyKey
    package let instrument: InstrumentID
    package let eventSet: EventSetID
    package let quantity: Quantity
    package let openBuy: Quantity
    package let openSell: Quantity
    /// What all of the strategy's positions and open orders in the event set can lose together.
    package let eventLoss: Money
    /// Where the instrument was last worth something that can be trusted.
    package let mark: Price?
}

extension RiskEngine {
    /// Where an instrument was last worth something that can be trusted; nil where that never was.
    package func trustedMark(of instrument: InstrumentID) -> Price? {
        instrumentIndex[instrument].flatMap { instruments[$0].mark.trusted }
    }

    /// What strategies hold and have open, in the order of events, strategies and members.
    package var exposureViews: [ExposureView] {
        events.indices.flatMap { event in
            events[event].books.flatMap { book -> [ExposureView] in
                guard let owner = nodes[Int(books[book].node)].strategy else { return [] }
                return books[book].exposures.enumerated().compactMap { ordinal, exposure in
                    let hasNone =
                        exposure.quantity.isZero && exposure.openBuy.isZero
                        && exposure.openSell.isZero
                    if hasNone { return nil }
                    let instrument = instruments[events[event].members[ordinal]]
                    return ExposureView(
                        owner: owner, instrument: instrument.id, eventSet: events[event].id,
                        quantity: exposure.quantity, openBuy: exposure.openBuy,
                        openSell: exposure.openSell, eventLoss: books[book].loss,
                        mark: instrument.mark.trusted)
                }
            }
        }
    }
}
