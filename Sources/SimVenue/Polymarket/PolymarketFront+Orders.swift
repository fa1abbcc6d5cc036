import MarketSim
import NIOHTTP1
import Runtime
import Trading

/// The routes that change something: each is logged before it is answered.
extension PolymarketFront {
    /// An order that rests until a moment is taken off the book this long before it.
    static let expiryMargin = Span.seconds(60)

    typealias Refusal = PolymarketOrderRequest.Refusal

    func place(_ request: VenueRequest, _ holder: Holder) throws -> VenueResponse {
        let order: PolymarketOrderRequest
        do throws(Refusal) {
            order = try PolymarketOrderRequest.read(request.body)
        } catch {
            try logRefusal(request, account: holder.participant.key.id, code: error.message)
            return PolymarketFront.error(.badRequest, error.message)
        }
        switch try place(order, request, holder) {
        case .success(let order): return .object { placed(order, &$0) }
        case .failure(let refusal): return PolymarketFront.error(.badRequest, refusal.message)
        }
    }

    /// Each order for itself: one that is refused says so in its place.
    func placeAll(_ request: VenueRequest, _ holder: Holder) throws -> VenueResponse {
        let orders: [PolymarketOrderRequest]
        do throws(Refusal) {
            orders = try PolymarketOrderRequest.readAll(request.body)
        } catch {
            try logRefusal(request, account: holder.participant.key.id, code: error.message)
            return PolymarketFront.error(.badRequest, error.message)
        }
        var results: [Result<SimOrder, Refusal>] = []
        for order in orders { results.append(try place(order, request, holder)) }
        var text = JSONText()
        text.array { array in
            for result in results {
                array.element { entry in
                    switch result {
                    case .success(let order): placed(order, &entry)
                    case .failure(let refusal): refused(refusal, &entry)
                    }
                }
            }
        }
        return VenueResponse(.ok, text.bytes)
    }

    private func refused(_ refusal: Refusal, _ text: inout JSONText) {
        text.field("errorMsg", refusal.message)
        text.field("orderID", "")
        text.field("takingAmount", "")
        text.field("makingAmount", "")
        text.field("status", "")
        text.field("success", false)
    }

    /// What a taker gave and took at once. The hashes of the transactions come with it.
    private func placed(_ order: SimOrder, _ text: inout JSONText) {
        let isPurchase = !order.terms.isTokenSale
        let dollars = PolymarketPayloads.dollars(order)
        let isMatched = !order.filled.isZero
        text.field("errorMsg", "")
        text.field("orderID", engine.labels[order.id]?.hash ?? "")
        text.field(
            "takingAmount",
            !isMatched ? "" : isPurchase ? order.filled.description : dollars.description)
        text.field(
            "makingAmount",
            !isMatched ? "" : isPurchase ? dollars.description : order.filled.description)
        text.field("status", isMatched ? "matched" : "live")
        let trades = engine.tokenTrades.reversed().prefix { $0.at >= order.placedAt }
            .filter { $0.taker.order == order.id }.reversed()
        text.array("transactionsHashes") { array in
            for trade in trades { array.element(VenueNames.transaction(trade.id)) }
        }
        text.array("tradeIDs") { array in
            for trade in trades { array.element(VenueNames.trade(trade.id)) }
        }
        text.field("success", true)
    }

    private func place(
        _ order: PolymarketOrderRequest, _ request: VenueRequest, _ holder: Holder
    ) throws -> Result<SimOrder, Refusal> {
        let terms: SimOrderTerms
        let label: OrderLabel
        do throws(Refusal) {
            (terms, label) = try read(order, holder)
        } catch {
            try logRefusal(request, account: holder.participant.key.id, code: error.message)
            return .failure(error)
        }
        let result = try engine.place(
            terms, label, for: holder.participant, wall: WallClock.now())
        venue.publishEffects()
        switch result {
        case .failure(let decline): return .failure(refusal(decline, terms, label))
        case .success(let placed):
            guard terms.timeInForce == .immediateOrCancel, placed.filled.isZero else {
                return .success(placed)
            }
            return .failure(
                Refusal(
                    "no orders found to match with FAK order. FAK orders are partially filled or "
                        + "killed if no match is found."))
        }
    }

    // MARK: Reading an order

    private func read(
        _ request: PolymarketOrderRequest, _ holder: Holder
    ) throws(Refusal) -> (SimOrderTerms, OrderLabel) {
        let order = request.order
        guard request.owner == holder.credentials.apiKey else {
            throw Refusal("the order owner has to be the owner of the API KEY")
        }
        guard let token = engine.token(order.tokenId) else {
            throw Refusal("the orderbook \(order.tokenId) does not exist")
        }
        guard ["BUY", "SELL"].contains(order.side), order.signatureType <= 3 else {
            throw Refusal("Invalid order payload")
        }
        try checkSigner(order, holder)
        let contracts: [PolymarketContract] = [
            token.listing.isNegativeRisk ? .negativeRisk : .standard, .positions,
        ]
        let address = holder.participant.key.id
        guard let hash = order.hash(signedBy: address, for: contracts) else {
            throw Refusal("invalid signature")
        }
        guard engine.orderIDs[hash] == nil else {
            throw Refusal("order \(hash) is invalid. Duplicated.")
        }
        let definition = exchange.definition(token.market)
        let (timeInForce, expiry) = try life(of: request)
        let rests = timeInForce == .goodTillCancelled || timeInForce == .goodTillTime
        let isPostOnly = request.postOnly ?? false
        guard rests || !isPostOnly else {
            throw Refusal("post-only orders must be GTC or GTD")
        }
        let (price, size) = try order.terms(
            tick: definition.tick, lot: definition.lot, rests: rests)
        let side: Side = order.side == "BUY" ? .buy : .sell
        let terms = SimOrderTerms(
            market: token.market, side: token.side(side), price: token.price(price),
            quantity: size, timeInForce: timeInForce, isPostOnly: isPostOnly, expiresAt: expiry,
            token: token.token)
        let label = OrderLabel(
            hash: hash, kind: request.orderType, expiration: Int64(order.expiration) ?? 0,
            maker: order.maker, salt: order.salt)
        return (terms, label)
    }

    /// A key's own account and a deposit wallet sign for themselves; other wallets by their key.
    private func checkSigner(
        _ order: PolymarketOrderRequest.Order, _ holder: Holder
    ) throws(Refusal) {
        let signer = order.signer.lowercased()
        let maker = order.maker.lowercased()
        let isOwn = signer == holder.participant.key.id
        guard order.signatureType == 3 || isOwn else {
            throw Refusal("the order signer address has to be the address of the API KEY")
        }
        guard order.signatureType != 0 && order.signatureType != 3 || maker == signer else {
            throw Refusal("maker and signer of this signature type have to be the same")
        }
    }

    private func life(
        of request: PolymarketOrderRequest
    ) throws(Refusal) -> (TimeInForce, Timestamp?) {
        guard let seconds = Int64(request.order.expiration), seconds >= 0,
            seconds < 7_258_118_400, request.orderType == "GTD" || seconds == 0
        else { throw Refusal("invalid expiration") }
        switch request.orderType {
        case "GTC": return (.goodTillCancelled, nil)
        case "FOK": return (.fillOrKill, nil)
        case "FAK": return (.immediateOrCancel, nil)
        case "GTD":
            let expiry =
                Timestamp(seconds: seconds)
                + Span(nanoseconds: -PolymarketFront.expiryMargin.nanoseconds)
            guard expiry > engine.now else { throw Refusal("invalid expiration") }
            return (.goodTillTime, expiry)
        default: throw Refusal("invalid order type \(request.orderType)")
        }
    }

    private func refusal(
        _ decline: SimDecline, _ terms: SimOrderTerms, _ label: OrderLabel
    ) -> Refusal {
        let definition = exchange.definition(terms.market)
        switch decline {
        case .marketInactive: return Refusal("the market is not yet ready to process new orders")
        case .invalidPrice:
            return Refusal("Price breaks minimum tick size rule: \(definition.tick)")
        case .invalidCount: return Refusal("invalid amounts")
        case .belowSizeMin:
            return Refusal(
                "order \(label.hash) is invalid. Size (\(terms.quantity)) lower than the minimum: "
                    + "\(definition.sizeMin)")
        case .invalidTerms, .expiryInThePast: return Refusal("invalid expiration")
        case .duplicateClientOrderID:
            return Refusal("order \(label.hash) is invalid. Duplicated.")
        case .postOnlyWouldCross: return Refusal("invalid post-only order: order crosses book")
        case .fillOrKillUnfillable:
            return Refusal(
                "order couldn't be fully filled. FOK orders are fully filled or killed.")
        case .insufficientBalance:
            return Refusal(
                "not enough balance / allowance: the balance is not enough -> order amount: "
                    + "\(terms.quantity)")
        case .tooManyOpenOrders: return Refusal("too many open orders")
        }
    }

    // MARK: Cancelling

    func cancel(_ request: VenueRequest, _ holder: Holder) throws -> VenueResponse {
        guard let names = named(request, holder) else {
            return PolymarketFront.error(.badRequest, "Invalid order payload")
        }
        var cancelled: [String] = []
        var refused: [(String, String)] = []
        for name in names {
            guard let id = engine.orderIDs[name.lowercased()],
                exchange.order(id)?.account == holder.participant.account
            else {
                refused.append((name, "order can't be found - already canceled or matched"))
                continue
            }
            if try engine.cancel(id, for: holder.participant, wall: WallClock.now()) != nil {
                cancelled.append(name)
                venue.publishEffects()
            } else {
                refused.append((name, "order can't be found - already canceled or matched"))
            }
        }
        return .object { text in
            text.array("canceled") { array in for name in cancelled { array.element(name) } }
            text.object("not_canceled") { object in
                for (name, reason) in refused { object.field(named: name, reason) }
            }
        }
    }

    /// The hashes of the orders that a cancellation is about; nil where its body cannot be read.
    private func named(_ request: VenueRequest, _ holder: Holder) -> [String]? {
        switch request.path {
        case "/order": return PolymarketFields(request.body)?.orderID.map { [$0] }
        case "/orders":
            let names = PolymarketFields.list(of: String.self, request.body)
            // More than this at once is refused.
            return names.flatMap { $0.count <= 3_000 ? $0 : nil }
        case "/cancel-all": return resting(holder).compactMap { engine.labels[$0.id]?.hash }
        default:
            guard let fields = PolymarketFields(request.body) else { return nil }
            return resting(holder).filter {
                isWanted($0.terms, market: fields.market, asset: fields.asset_id)
            }.compactMap { engine.labels[$0.id]?.hash }
        }
    }

    func resting(_ holder: Holder) -> [SimOrder] {
        exchange.restingOrders(holder.participant.account)
    }

    /// Whether an order is in a market and for a token, where these are named.
    func isWanted(_ terms: SimOrderTerms, market: String?, asset: String?) -> Bool {
        guard let token = engine.token(terms.token ?? .yes, of: terms.market) else { return false }
        let isThere = (market ?? "").isEmpty || market?.lowercased() == token.listing.condition
        return isThere && ((asset ?? "").isEmpty || asset == token.number)
    }
}
