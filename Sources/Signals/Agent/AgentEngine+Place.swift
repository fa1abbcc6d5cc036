import Trading

/// From an order to its request with parent and explanation.
extension AgentEngine {
    /// Asks for an order; what stands against it, where something does.
    mutating func place(
        _ idea: OrderIdea, _ edge: Edge, _ opinion: Opinion, _ view: MarketView,
        at now: Timestamp, under plan: IntentPlan? = nil, into effects: inout AgentEffects
    ) -> Abstention? {
        let id = view.instrument.id
        let expiry = idea.liquidity == .maker ? expiry(of: view, at: now) : nil
        if idea.liquidity == .maker, expiry == nil { return .nearEnd }
        let parent = intents.parent(
            of: idea, id, until: view.window.quotesUntil, at: now,
            urgency: urgency(view, at: now), under: plan)
        if let declaration = parent.declaration {
            counts.intents += 1
            effects.add(.declare(declaration))
        }
        lastRequest = lastRequest.next
        counts.requested += 1
        var explanation = explain(idea, edge, opinion, view)
        if let plan {
            explanation.features.add("parent_quantity", plan.quantity.doubleValue)
            explanation.features.add("algorithm", terms.execution?.number ?? 0)
        }
        effects.add(
            .request(
                ChildRequest(
                    requestID: lastRequest, intentID: parent.id, instrument: id, side: idea.side,
                    timeInForce: expiry == nil ? .immediateOrCancel : .goodTillTime,
                    isPostOnly: idea.liquidity == .maker, price: idea.price,
                    quantity: idea.quantity, expiresAt: expiry, explanation: explanation)))
        let resume = now + terms.requestInterval
        if plan == nil { markets[id]?.rest(idea.side, until: resume) }
        orders.append(
            WorkingOrder(
                requestID: lastRequest, intentID: parent.id, instrument: id, side: idea.side,
                price: idea.price, liquidity: idea.liquidity, requestedAt: now,
                ground: WorkingOrder.Ground(
                    basis: opinion.basis, sensitivity: opinion.sensitivity, mid: view.mid),
                orderID: nil, remaining: idea.quantity, cancelAskedAt: nil))
        return nil
    }

    /// When a quote expires at the venue by itself: in whole seconds, as venues count them, never
    /// past the last moment for quotes; nil when nothing worth it is left.
    private func expiry(of view: MarketView, at now: Timestamp) -> Timestamp? {
        let latest = min(now + terms.quoteLifetime, view.window.quotesUntil)
        let expiry = Timestamp(seconds: latest.nanoseconds / 1_000_000_000)
        return expiry >= now + .seconds(1) ? expiry : nil
    }

    private func urgency(_ view: MarketView, at now: Timestamp) -> Double {
        let whole = (view.window.quotesUntil - view.window.quotesFrom).seconds
        let gone = (now - view.window.quotesFrom).seconds
        return whole > 0 ? min(1, max(0, gone / whole)) : 1
    }

    private func explain(
        _ idea: OrderIdea, _ edge: Edge, _ opinion: Opinion, _ view: MarketView
    ) -> OrderExplanation {
        var features = opinion.features
        features.add("market_bid", view.bid.price.doubleValue)
        features.add("market_ask", view.ask.price.doubleValue)
        features.add("market_mid", view.mid)
        features.add("model_low", opinion.low)
        features.add("model_high", opinion.high)
        features.add("model_weight", opinion.weight)
        features.add("shrunk_p", edge.fair)
        features.add("price", idea.price.doubleValue)
        features.add("fee", edge.fee)
        features.add("haircut", edge.haircut)
        features.add("capital_cost", edge.capital)
        features.add("edge_gross", edge.gross)
        features.add("edge_net", edge.net)
        features.add("kelly", kelly(edge))
        features.add("quantity", idea.quantity.doubleValue)
        features.add("position", account.position(view.instrument.id).doubleValue)
        return OrderExplanation(
            policyVersion: policy.version, confidence: opinion.confidence,
            fairValue: price(of: edge.fair), expectedEdge: money(edge.net, idea.quantity),
            quoteSequence: view.bookSequence, quotedAt: view.bookReceivedAt, features: features,
            signal: opinion.signal, model: policy.modelText)
    }

    private func kelly(_ edge: Edge) -> Double {
        guard edge.cost > 0, edge.cost < 1 else { return 0 }
        return Kelly.binary(probability: edge.probability, cost: edge.cost)
    }

    /// A probability as a price strictly between zero and one.
    private func price(of probability: Double) -> Price {
        let rounded = Price(probability, rounding: .nearestEven) ?? .zero
        return min(Price(units: 999_999_999), max(Price(units: 1), rounded))
    }

    private func money(_ perContract: Double, _ quantity: Quantity) -> Money {
        Money(perContract * quantity.doubleValue, rounding: .down) ?? .zero
    }
}
