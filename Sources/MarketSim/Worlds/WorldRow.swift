package import Trading

/// One thing that a generated source says about its domain.
package struct WorldRow: Sendable, Hashable {
    package let source: String
    package let kind: String
    /// The event or the series that it is about.
    package let topic: String
    /// When it was true, and when whoever listens to the source has it.
    package let event: Timestamp
    package let ingest: Timestamp
    package let unit: String
    package let values: [Named<Double>]
    package let names: [Named<String>]

    /// Something under a name.
    package struct Named<Value: Sendable & Hashable>: Sendable, Hashable {
        package let label: String
        package let value: Value

        package init(_ label: String, _ value: Value) {
            self.label = label
            self.value = value
        }
    }

    package init(
        source: String, kind: String, topic: String, event: Timestamp, ingest: Timestamp,
        unit: String, values: [(String, Double)], names: [(String, String)] = []
    ) {
        precondition(event <= ingest, "\(source) knew \(topic) before it happened")
        self.source = source
        self.kind = kind
        self.topic = topic
        self.event = event
        self.ingest = ingest
        self.unit = unit
        self.values = values.map { Named($0.0, $0.1) }
        self.names = names.map { Named($0.0, $0.1) }
    }
}

/// A market of a generated domain.
package struct WorldMarket: Sendable, Hashable {
    package let ticker: String
    package let event: String
    package let title: String
    package let rules: String
    package let opensAt: Timestamp
    package let closesAt: Timestamp
    package let payout: Price
    package let path: FairPath
}

/// A generated domain: what its sources say, in the order of receipt, and its markets.
package struct World: Sendable {
    package var rows: [WorldRow] = []
    package var markets: [WorldMarket] = []

    /// In the order in which rows are received.
    mutating func sort() {
        rows.sort {
            ($0.ingest, $0.event, $0.source, $0.topic) < ($1.ingest, $1.event, $1.source, $1.topic)
        }
    }

    mutating func list(
        _ ticker: String, of event: String, _ title: String, from opensAt: Timestamp,
        until closesAt: Timestamp, pays isYes: Bool, _ steps: [(from: Timestamp, value: Double)]
    ) {
        guard let path = FairPath(steps) else {
            preconditionFailure("\(ticker) has no path of probabilities")
        }
        markets.append(
            WorldMarket(
                ticker: ticker, event: event, title: title,
                rules: "A generated market. \(title) It resolves to YES if so.",
                opensAt: opensAt, closesAt: closesAt, payout: isYes ? .one : .zero, path: path))
    }
}
