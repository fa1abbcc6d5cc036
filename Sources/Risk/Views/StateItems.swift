import Portfolio
import Trading
import Wire

/// A part of the state that outlives the core's process, for people: what it is, whose, and its
/// values.
package struct StateItem: Sendable, Hashable {
    /// The kinds, in the order in which they are listed.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case arming, halt, limit, brake, bucket, fills, guarding, account, position, intent, order
    }

    package let kind: Kind
    package let name: String
    /// Names and values, in a fixed order.
    package let values: [Value]

    package struct Value: Sendable, Hashable {
        package let name: String
        package let text: String
    }

    init(_ kind: Kind, _ name: String, _ values: KeyValuePairs<String, String>) {
        self.kind = kind
        self.name = name
        self.values = values.map { Value(name: $0.key, text: $0.value) }
    }

    /// The item in one line.
    package var text: String {
        let words = values.map { "\($0.name)=\($0.text)" }
        return ([kind.rawValue, name] + words).joined(separator: " ")
    }
}

extension RiskEngine {
    /// Everything that would let more risk through if a restart forgot it: halts, limits, brakes,
    /// what buckets have given out, what guards keep away, what is reserved, held and open. Kind by
    /// kind, each in the order of its names; equal states have equal lists.
    package var stateItems: [StateItem] {
        [
            StateItem(
                .arming, cluster.description,
                [
                    "state": "\(arming)", "mode": "\(mode)", "epoch": "\(epoch)", "at": "\(now)",
                    "last-order": "\(lastOrderID)",
                ])
        ] + haltItems + limitItems + brakeItems + bucketItems + guardItems + accountItems
            + positionItems + intentItems + orderItems
    }

    private var haltItems: [StateItem] {
        halts.map { halt in
            let scope = halt.scope
            let names = [
                "\(scope.kind)", "\(scope.org)", "\(scope.account)", "\(scope.strategy)",
                "\(scope.venue)", "\(scope.instrument)",
            ]
            return StateItem(
                .halt, names.filter { !$0.isEmpty }.joined(separator: " "),
                ["state": "\(halt.state)", "since": "\(halt.since)"])
        }
    }

    private var limitItems: [StateItem] {
        metersInOrder.flatMap { index in
            LimitKind.allCases.compactMap { kind in
                limits[kind, index].map {
                    StateItem(
                        .limit, "\(meters[index].key) \(kind.wireName)",
                        ["value": LimitText.value($0, of: kind)])
                }
            }
        }
    }

    private var brakeItems: [StateItem] {
        nodesInOrder.map { node in
            let brake = nodes[Int(node)].brake
            return StateItem(
                .brake, "\(meters[nodes[Int(node)].meter].key) \(nodes[Int(node)].mode)",
                [
                    "phase": "\(brake.drawdown.phase)", "cause": "\(brake.cause)",
                    "until": "\(brake.drawdown.until)", "equity": "\(brake.drawdown.equity)",
                    "peak": "\(brake.drawdown.peak)", "capital": "\(brake.capital)",
                    "day": "\(brake.day.number)", "day-start": "\(brake.day.start)",
                    "day-stage": "\(brake.day.stage)", "week": "\(brake.week.number)",
                    "week-start": "\(brake.week.start)", "week-stage": "\(brake.week.stage)",
                    "total-stage": "\(brake.totalStage)",
                    "multiplier": "\(Quantity(units: brake.multiplier))",
                ])
        }
    }

    private var bucketItems: [StateItem] {
        let buckets = metersInOrder.filter { meters[$0].isUsed }.map { index in
            StateItem(
                .bucket, meters[index].key.description,
                [
                    "messages-full-at": "\(meters[index].messages.fullAt)",
                    "orders-full-at": "\(meters[index].orders.fullAt)",
                ])
        }
        let fills = nodesInOrder.filter { nodes[Int($0)].fills != RateBucket() }.map { node in
            StateItem(
                .fills, "\(meters[nodes[Int(node)].meter].key) \(nodes[Int(node)].mode)",
                ["full-at": "\(nodes[Int(node)].fills.fullAt)"])
        }
        return buckets + fills
    }

    private var guardItems: [StateItem] {
        let venues = accounts.sorted { $0.key < $1.key }.filter { $0.health.guardedUntil > .zero }
        let quotes = instruments.indices.map { instruments[$0] }
            .filter { $0.guardedUntil > .zero }.sorted { $0.id < $1.id }
        return venues.map {
            StateItem(
                .guarding, "\($0.key.org)/\($0.key.account)/\($0.key.mode)",
                ["until": "\($0.health.guardedUntil)"])
        }
            + quotes.map {
                StateItem(.guarding, "\($0.id)", ["until": "\($0.guardedUntil)"])
            }
    }

    private var accountItems: [StateItem] {
        accountViews.map { account in
            StateItem(
                .account, "\(account.org)/\(account.account)/\(account.mode)",
                [
                    "cash": "\(account.cash)", "reserved": "\(account.reserved)",
                    "venue-cash": "\(account.venueCash)",
                    "fills-known-until": "\(account.fillsKnownUntil)",
                ])
        }
    }

    private var positionItems: [StateItem] {
        positionViews.map { position in
            let owner = position.owner
            return StateItem(
                .position,
                "\(owner.org)/\(owner.account)/\(owner.mode)/\(owner.strategy) "
                    + "\(position.instrument)",
                [
                    "quantity": "\(position.quantity)", "cost": "\(position.cost)",
                    "realized": "\(position.realized)", "fees": "\(position.fees)",
                ])
        }
    }

    private var intentItems: [StateItem] {
        intents.indices.map { intents[$0] }.sorted { $0.key < $1.key }.map { intent in
            StateItem(
                .intent, "\(intent.key.agent) \(intent.key.incarnation) \(intent.key.id)",
                ["quantity": "\(intent.quantity)", "committed": "\(intent.committed)"])
        }
    }

    private var orderItems: [StateItem] {
        openOrderViews.map { order in
            StateItem(
                .order, "\(order.orderID)",
                [
                    "state": "\(order.state)", "instrument": "\(order.instrument)",
                    "side": "\(order.side)", "price": "\(order.price)",
                    "quantity": "\(order.quantity)", "filled": "\(order.filled)",
                    "gateway": "\(order.gateway)", "permit": "\(order.permit)",
                ])
        }
    }

    private var metersInOrder: [Int32] {
        meters.indices.sorted { meters[$0].key < meters[$1].key }
    }
}
