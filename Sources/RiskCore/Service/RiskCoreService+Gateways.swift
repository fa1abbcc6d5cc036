import Journal
import Logging
import Portfolio
import Risk
import Trading
import Transport
import Wire

/// Leases, reports and reconciliation: everything between the core and its gateways.
extension RiskCoreService {
    /// How far before the moment until which fills are known a reconciliation looks back: a gateway
    /// that dies has not told everything until then.
    private static let fillsOverlap = Span.seconds(600)

    func gatewayOpened(_ gateway: ProcessID) {
        standings[gateway] = GatewayStanding()
        requestLease(of: gateway)
    }

    func gatewayClosed(_ gateway: ProcessID) {
        if standings[gateway]?.lease != nil { gatewayLost(gateway) }
        standings[gateway] = GatewayStanding()
        market.lose(gateway)
    }

    /// The lease no longer stands. What the gateway had reported before is still fact.
    func gatewayLost(_ gateway: ProcessID) {
        // A reconciliation among it has no end that counts.
        standings[gateway]?.phase = .closed
        let held = barrier.leave(gateway: gateway)
        for frame in held { applyReport(frame.bytes, from: gateway) }
        let standing = standings[gateway] ?? GatewayStanding()
        apply(
            own: GatewayConnected(
                gateway: gateway, lease: .zero, highestEpoch: standing.highestEpoch,
                isKilled: Flag(standing.isKilled)))
    }

    private func requestLease(of gateway: ProcessID) {
        standings[gateway]?.phase = .requesting
        let request = RequestLease(
            coreEpoch: journal.epoch, journalSequence: journal.head.sequence,
            chainHead: Digest(journal.head.hash))
        send(request.frame(), toGateway: gateway)
    }

    private func send(_ frame: [UInt8], toGateway gateway: ProcessID) {
        if parts.gateways[gateway]?.orders.send(frame, lane: .priority) == .overflow {
            counters.gatewayOverflows += 1
        }
    }

    func receivedFromGateway(
        _ template: WireTemplate, _ frame: [UInt8], _ gateway: ProcessID
    ) throws(WireError) {
        switch template {
        case .leaseGranted: leaseGranted(try LeaseGranted(decoding: frame), by: gateway)
        case .leaseRetired: leaseRetired(try LeaseRetired(decoding: frame), by: gateway)
        case .quiesced:
            let quiesced = try Quiesced(decoding: frame)
            log.info(
                "quiesced",
                metadata: ["gateway": "\(gateway)", "cancelled": "\(quiesced.cancelled)"])
        case .gatewayLatch: try latched(frame, by: gateway)
        case .tickBegan: tickBegan(try TickBegan(decoding: frame), by: gateway)
        case .permitFate, .fillReport, .instrumentDefined, .instrumentChanged,
            .instrumentSettlement, .venueOrder, .venuePosition, .venueBalance, .reconciled:
            report(frame, from: gateway)
        default:
            refuse(
                frame, from: gateway, on: parts.gateways[gateway]?.orders.name ?? .empty,
                .notAllowed, "\(template) is not for the core")
        }
    }

    // MARK: Lease

    private func leaseGranted(_ granted: LeaseGranted, by gateway: ProcessID) {
        guard standings[gateway]?.phase == .requesting else {
            log.error("lease_unasked", metadata: ["gateway": "\(gateway)"])
            return
        }
        standings[gateway]?.highestEpoch = granted.highestEpoch
        standings[gateway]?.isKilled = granted.isKilled.isSet
        let isBehind = granted.lease == .zero || granted.highestEpoch > journal.epoch
        standings[gateway]?.phase = isBehind ? .refused : .reconciling(granted.lease)
        apply(
            own: GatewayConnected(
                gateway: gateway, lease: isBehind ? .zero : granted.lease,
                highestEpoch: granted.highestEpoch, isKilled: granted.isKilled))
        if isBehind {
            log.critical(
                "core_behind",
                metadata: [
                    "gateway": "\(gateway)", "its_epoch": "\(granted.highestEpoch)",
                    "our_epoch": "\(journal.epoch)",
                    "its_entry": "\(granted.journalSequence)",
                ])
            return
        }
        log.info("leased", metadata: ["gateway": "\(gateway)", "lease": "\(granted.lease)"])
        reconcile(gateway)
    }

    /// Asks for venue truth.
    private func reconcile(_ gateway: ProcessID) {
        standings[gateway]?.reconciliation = Reconciliation()
        let known = engine.accountView(of: gateway)?.fillsKnownUntil ?? now
        let since = max(.zero, known - RiskCoreService.fillsOverlap)
        send(Reconcile(fillsSince: since).frame(), toGateway: gateway)
    }

    /// The gateway was halted or resumed. That counts at once: it is no fact of a tick.
    private func latched(_ frame: [UInt8], by gateway: ProcessID) throws(WireError) {
        let isKilled = try GatewayLatch(decoding: frame).isKilled.isSet
        standings[gateway]?.isKilled = isKilled
        log.notice("gateway_latch", metadata: ["gateway": "\(gateway)", "killed": "\(isKilled)"])
        applyReport(frame, from: gateway)
    }

    /// Compares again with the venue where it is time: soon where the last time found differences
    /// (a fill or a settlement on its way is one, and is none a little later), else from time to
    /// time.
    func reconcileWhereDue() {
        for gateway in configuration.gateways
        where standings[gateway.name]?.takeReconcileDue(
            at: now, every: gateway.reconcileEvery) == true
        {
            reconcile(gateway.name)
        }
    }

    private func leaseRetired(_ retired: LeaseRetired, by gateway: ProcessID) {
        // The lease of an earlier session is retired when a new one is asked for.
        guard standings[gateway]?.lease == retired.lease else { return }
        log.error(
            "lease_retired", metadata: ["gateway": "\(gateway)", "why": "\(retired.reason)"])
        gatewayLost(gateway)
        requestLease(of: gateway)
    }

    /// Compares venue truth with the ledger; without differences the account may trade, with some
    /// they are compared again later. Time goes on in either case. A gateway states venue truth
    /// unasked after its venue was away.
    private func reconciled(_ gateway: ProcessID) {
        guard let lease = standings[gateway]?.lease,
            let reconciliation = standings[gateway]?.reconciliation,
            let served = configuration.gateways.first(where: { $0.name == gateway }),
            let account = engine.accountView(of: gateway)
        else { return }
        let holdings = Dictionary(
            account.holdings.map { ($0.instrument, $0.quantity) }
        ) { $0 + $1 }
        let breaks = reconciliation.breaks(
            ledgerCash: account.cash, ledgerPositions: holdings, tolerance: served.tolerance,
            isResting: account.reserved > .zero
        ) { engine.isOpen($0) }
        for found in breaks.prefix(20) {
            log.error("break", metadata: ["gateway": "\(gateway)", "what": "\(found)"])
        }
        apply(
            own: AccountReconciled(
                gateway: gateway, account: account.account,
                venueCash: reconciliation.venueCash ?? .zero, ledgerCash: account.cash,
                breaks: UInt32(clamping: breaks.count)))
        standings[gateway]?.reconciliation = Reconciliation()
        // A settlement that the engine cannot explain stands against an account that is the same.
        if engine.isReconciled(gateway) {
            standings[gateway]?.phase = .ready(lease)
            standings[gateway]?.reconcile(at: now + served.reconcileEvery)
        } else {
            standings[gateway]?.phase = .reconciling(lease)
            standings[gateway]?.reconcileLater(than: now)
        }
        log.info("reconciled", metadata: ["gateway": "\(gateway)", "breaks": "\(breaks.count)"])
        guard served.isReplay else { return }
        barrier.join(gateway: gateway)
        if let early = standings[gateway]?.earlyTick {
            standings[gateway]?.earlyTick = nil
            barrier.began(early.tick, at: early.at, by: gateway)
        }
    }

    /// The engine no longer believes an account that it believed: venue truth is asked for soon,
    /// when what is on its way has come.
    private func reconcileWhereDoubted(_ gateway: ProcessID) {
        guard case .ready(let lease)? = standings[gateway]?.phase,
            !engine.isReconciled(gateway)
        else { return }
        standings[gateway]?.phase = .reconciling(lease)
        standings[gateway]?.reconcileLater(than: now)
    }

    // MARK: Reports

    /// Takes a report at once, or in replay, once the gateway is in step, with its tick. What
    /// belongs to a reconciliation is a report too: it is compared after what came before it.
    private func report(_ frame: [UInt8], from gateway: ProcessID) {
        guard configuration.isReplay, barrier.has(gateway: gateway) else {
            return applyReport(frame, from: gateway)
        }
        guard barrier.hold(report: frame, from: gateway) else {
            parts.gateways[gateway]?.orders.close(
                because: .notDraining, "too many reports in one tick")
            return
        }
    }

    /// A reconciliation repeats what is known: only news is applied and journalled.
    func applyReport(_ frame: [UInt8], from gateway: ProcessID) {
        do throws(WireError) {
            switch try WireFrame.template(of: frame) {
            case .venueOrder:
                standings[gateway]?.reconciliation.add(try VenueOrder(decoding: frame))
            case .venuePosition:
                standings[gateway]?.reconciliation.add(try VenuePosition(decoding: frame))
            case .venueBalance:
                let balance = try VenueBalance(decoding: frame)
                standings[gateway]?.reconciliation.add(balance)
                if engine.isNews(balance) { try apply(.venueBalance, frame) }
            case .reconciled: reconciled(gateway)
            case .instrumentSettlement:
                let settlement = try InstrumentSettlement(decoding: frame)
                market.forget(settlement.instrument)
                guard engine.isNews(settlement) else { return }
                try apply(.instrumentSettlement, frame)
                reconcileWhereDoubted(gateway)
            case .fillReport:
                guard engine.isNews(try FillReport(decoding: frame)) else { return }
                try apply(.fillReport, frame)
                reconcileWhereDoubted(gateway)
            case let template: try apply(template, frame)
            }
        } catch {
            refuse(
                frame, from: gateway, on: parts.gateways[gateway]?.orders.name ?? .empty,
                .malformed, error.description)
        }
    }

    private func tickBegan(_ tick: TickBegan, by gateway: ProcessID) {
        if barrier.has(gateway: gateway) {
            barrier.began(tick.tick, at: tick.at, by: gateway)
        } else {
            standings[gateway]?.earlyTick = tick
        }
    }
}
