/// What a backtest gave: numbers for people and machines. Times are seconds from the first event,
/// money is dollars.
package struct BacktestOutcome: Sendable, Encodable, Equatable {
    package struct Summary: Sendable, Encodable, Equatable {
        package let events: Int
        package let instruments: Int
        package let seconds: Double
        package let cashStart: Double
        package let cashEnd: Double
        package let equityEnd: Double
        package let profit: Double
        package let fees: Double
        package let drawdownMax: Double
        package let requests: Int
        package let permitted: Int
        package let rejected: Int
        package let cancels: Int
        package let fills: Int
        /// Lots that the recording's own trades had.
        package let othersTraded: Int64
    }

    package struct Point: Sendable, Encodable, Equatable {
        package let at: Double
        package let equity: Double
        package let drawdown: Double
        /// Contracts of YES less contracts of NO, over all instruments.
        package let inventory: Double
    }

    package struct Touch: Sendable, Encodable, Equatable {
        package let at: Double
        package let bid: Double
        package let ask: Double
    }

    package struct FillMark: Sendable, Encodable, Equatable {
        package let at: Double
        package let instrument: String
        package let side: String
        package let price: Double
        package let quantity: Double
        package let isMaker: Bool
    }

    /// What a fill cost against the mid that its order was decided on.
    package struct Slippage: Sendable, Encodable, Equatable {
        package let at: Double
        package let cost: Double
    }

    /// An order as it was decided.
    package struct Order: Sendable, Encodable, Equatable {
        package let at: Double
        package let instrument: String
        package let side: String
        package let price: String
        package let quantity: String
        package let isPassive: Bool
    }

    /// The touch of one of the instruments with the most fills.
    package struct Book: Sendable, Encodable, Equatable {
        package let instrument: String
        package let touches: [Touch]
    }

    package let summary: Summary
    /// Why markets were left alone.
    package let abstentions: [CostReport.Count]
    /// Why parents were refused; the rejections of their children follow from it.
    package let intentRejections: [CostReport.Count]
    /// What the venue declined.
    package let declines: [CostReport.Count]
    /// What the risk engine raised.
    package let alarms: [CostReport.Count]
    package let costs: CostReport
    package let series: [Point]
    package let fills: [FillMark]
    /// Every order that was permitted, in the order of the decisions.
    package let orders: [Order]
    package let slippages: [Slippage]
    package let books: [Book]
}

extension BacktestOutcome {
    /// The first order of this run that a run over the beginning of the same recording did not
    /// make, or the other way round, before that run ended; nil where there is none.
    package func firstDifference(from beginning: BacktestOutcome) -> String? {
        let end = beginning.summary.seconds
        // The shorter run may act once more after its last event has reached it.
        let own = orders.filter { $0.at < end - 1 }
        let other = beginning.orders.filter { $0.at < end - 1 }
        for (index, order) in own.enumerated() where index >= other.count || other[index] != order {
            return BacktestOutcome.describe(order)
        }
        return other.count > own.count ? BacktestOutcome.describe(other[own.count]) : nil
    }

    private static func describe(_ order: Order) -> String {
        "\(order.side) \(order.quantity) of \(order.instrument) at \(order.price), "
            + "\(duration(order.at)) after the beginning"
    }
}
