import Cryptography
import Execution
import ExecutionGateway
import Testing
import Trading
import Transport
import Wire

@Suite struct GatewayServiceTests {
    @Test func sealedPermitReachesTheVenueOnce() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        let frame = try gateway.sealedPermit(1)
        try gateway.send(frame)
        try gateway.send(frame)
        #expect(gateway.venue.placements.map(\.clientOrderID.description) == ["bw-1"])
    }

    /// Every bit of what the authenticator covers, and of the authenticator: none gets through.
    @Test func noForgedBitReachesTheVenue() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        let frame = try gateway.sealedPermit(1)
        var accepted: [Int] = []
        let covered = OrderPermit.authenticatedRange.lowerBound..<frame.count
        for bit in (covered.lowerBound * 8)..<(covered.upperBound * 8) {
            var forged = frame
            forged[bit / 8] ^= 1 << (bit % 8)
            gateway.service?.received(
                forged, from: GatewayHarness.coreName,
                on: LinkName("gw-kalshi.orders") ?? .empty)
            try gateway.service?.endOfBatch()
            if !gateway.venue.placements.isEmpty { accepted.append(bit) }
        }
        #expect(accepted.isEmpty)
        gateway.service?.received(
            frame, from: GatewayHarness.coreName, on: LinkName("gw-kalshi.orders") ?? .empty)
        try gateway.service?.endOfBatch()
        #expect(gateway.venue.placements.count == 1, "the permit itself is good")
    }

    @Test func permitIsNotSentAgainAfterARestart() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        let frame = try gateway.sealedPermit(1)
        try gateway.send(frame)
        try gateway.restartGateway(incarnation: 2)
        _ = try gateway.network.run(within: .seconds(10)) { gateway.core?.isLinked == true }
        try gateway.send(frame)
        #expect(gateway.venue.placements.count == 1)
    }

    @Test func tickIsAcknowledgedWhenTheCoreIsDoneAndNothingIsInFlight() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        #expect(gateway.core?.messages(TickBegan.self).map(\.tick) == [TickNumber(1)])
        try gateway.send(try gateway.sealedPermit(1))
        try gateway.send(TickDone(tick: TickNumber(1), requested: 1).frame())
        #expect(gateway.venue.ticks.isEmpty, "the placement is in flight")
        try gateway.acceptLastPlacement()
        #expect(gateway.venue.ticks == [TickNumber(1)])
        #expect(gateway.core?.messages(PermitFate.self).map(\.state) == [.working])
    }

    /// The core that loses a lease forgets the tick with it.
    @Test func openTickIsAnnouncedAgainUnderTheNextLease() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        #expect(gateway.core?.messages(TickBegan.self).count == 1)
        _ = gateway.core?.link.send(
            RequestLease(
                coreEpoch: Epoch(1), journalSequence: .zero, chainHead: .zero
            ).frame())
        try gateway.run()
        try gateway.answerQuiescing()
        #expect(gateway.core?.messages(LeaseGranted.self).count == 2)
        #expect(
            gateway.core?.messages(TickBegan.self).map(\.tick) == [TickNumber(1), TickNumber(1)])
    }

    /// The venue's last word on a settled market is no definition of one.
    @Test func aSettledInstrumentIsNotDefinedAgain() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        let before = gateway.core?.messages(InstrumentDefined.self).count
        let id = GatewayHarness.instrument
        gateway.service?.receive(
            .settled(
                VenueSettlement(
                    instrument: id, outcome: .yes, value: .one, quantity: .zero, payout: .zero,
                    settledAt: Timestamp(seconds: 1_001))))
        gateway.service?.receive(.instrumentChanged(GatewayHarness.listing(.settled)))
        gateway.service?.receive(.tick(TickNumber(2), at: Timestamp(seconds: 1_001)))
        try gateway.run()
        #expect(gateway.core?.messages(InstrumentSettlement.self).count == 1)
        #expect(gateway.core?.messages(InstrumentDefined.self).count == before)
    }

    /// A venue that did not wait for us hears that we are there, if behind.
    @Test func tickThatWasOvertakenIsAcknowledgedLate() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        gateway.service?.receive(.tick(TickNumber(2), at: Timestamp(seconds: 1_001)))
        try gateway.run()
        try gateway.send(TickDone(tick: TickNumber(1), requested: 0).frame())
        #expect(gateway.venue.ticks == [TickNumber(1)])
        try gateway.send(TickDone(tick: TickNumber(2), requested: 0).frame())
        #expect(gateway.venue.ticks == [TickNumber(1), TickNumber(2)])
    }

    @Test func stoppedCoreIsADeadMan() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        let stale = try gateway.sealedPermit(2)
        try gateway.send(try gateway.sealedPermit(1))
        let (_, id) = try #require(gateway.venue.calls.last)
        gateway.service?.receive(.failed(id, .declined(code: "x", message: "y")))
        gateway.network.pause(GatewayHarness.coreName, for: .seconds(5))
        try gateway.run(3_000)
        #expect(gateway.service?.isLeaseActive == false)
        guard case .cancelAll? = gateway.venue.calls.last?.0 else {
            Issue.record("the dead-man must cancel everything")
            return
        }
        try gateway.answerQuiescing()
        // The core wakes and sends what it had permitted: the lease is gone.
        try gateway.run(8_000)
        try gateway.send(stale)
        #expect(gateway.venue.placements.count == 1)
    }

    /// The core is frozen and says nothing: its silence cannot be noticed by who never heard it.
    @Test func aRestartedGatewayWithoutACoreIsADeadMan() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        try gateway.send(try gateway.sealedPermit(1))
        try gateway.acceptLastPlacement()
        gateway.network.pause(GatewayHarness.coreName, for: .seconds(60))
        try gateway.restartGateway(incarnation: 2)
        try gateway.run()
        #expect(gateway.service?.isLeaseActive == false)
        guard case .cancelAll? = gateway.venue.calls.last?.0 else {
            Issue.record("what rests must be cancelled")
            return
        }
    }

    /// The process ends only when the venue shows that nothing rests.
    @Test func anOrderlyStopWaitsUntilQuiesced() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        try gateway.send(try gateway.sealedPermit(1))
        try gateway.acceptLastPlacement()
        gateway.service?.beginStop()
        try gateway.run(1_000)
        #expect(!gateway.hasEnded)
        try gateway.answerQuiescing()
        let (call, id) = try #require(gateway.venue.calls.last)
        guard case .order = call else {
            Issue.record("how the order ended is asked")
            return
        }
        #expect(!gateway.hasEnded)
        gateway.service?.receive(.order(id, nil))
        try gateway.run(500)
        #expect(gateway.hasEnded)
        #expect(gateway.core?.messages(LeaseGranted.self).count == 1)
    }

    @Test func anOrderlyStopHasABound() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        try gateway.send(try gateway.sealedPermit(1))
        gateway.service?.beginStop()
        try gateway.run(4_500)
        #expect(!gateway.hasEnded, "the placement is in flight")
        try gateway.run(1_000)
        #expect(gateway.hasEnded)
    }

    /// An operator's command, signed so long ago.
    private func command(
        _ action: OperatorAction, nonce: UInt64, age: Span = .zero, by key: Ed25519PrivateKey?
    ) throws -> [UInt8] {
        var command = OperatorCommand(
            nonce: nonce, action: action, scope: .all, org: .empty, account: .empty,
            strategy: .empty, venue: .empty, instrument: .empty,
            operator: ShortName("local") ?? .empty,
            issuedAt: GatewayHarness.started - age, signature: .zero)
        if let key {
            let signature = try OperatorSeal.sign(
                command.frame(reason: []), range: OperatorCommand.authenticatedRange, reason: [],
                with: key)
            command.signature = SignatureBytes(bytes: signature) ?? .zero
        }
        return command.frame(reason: [])
    }

    /// A directive that resumes everything.
    private func directive(
        _ number: UInt64, clears halt: UInt64, by keys: [(String, Ed25519PrivateKey)]
    ) throws -> [UInt8] {
        let latch = OperatorDirective.LatchesEntry(
            gateway: GatewayHarness.gatewayName, halt: halt)
        let directive = OperatorDirective(
            cluster: ShortName("test") ?? .empty, number: number, action: .resume, scope: .all,
            org: .empty, account: .empty, strategy: .empty, venue: .empty, instrument: .empty,
            issuedAt: GatewayHarness.started,
            expiresAt: GatewayHarness.started + .seconds(86_400), halt: 0
        ).frame(latches: [latch], reason: Array("test".utf8))
        let signatures = try keys.map { name, key in
            DirectiveGiven.SignaturesEntry(
                operator: ShortName(name) ?? .empty,
                signature: SignatureBytes(bytes: try DirectiveSeal.sign(directive, with: key))
                    ?? .zero)
        }
        return DirectiveGiven(nonce: number, receivedAt: .zero, isObeyed: .no).frame(
            signatures: signatures, directive: directive)
    }

    private func deliver(_ frame: [UInt8], to gateway: GatewayHarness) throws {
        gateway.service?.received(
            frame, from: GatewayHarness.supervisorName,
            on: LinkName("gw-kalshi.admin") ?? .empty)
        try gateway.service?.endOfBatch()
    }

    @Test func onlyASignedCommandKills() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        try deliver(command(.halt, nonce: 5, by: nil), to: gateway)
        try deliver(command(.halt, nonce: 5, by: Ed25519PrivateKey.generate()), to: gateway)
        #expect(gateway.service?.isKilled == false)
        try deliver(command(.halt, nonce: 5, by: gateway.operatorKey), to: gateway)
        #expect(gateway.service?.isKilled == true)
        try gateway.send(try gateway.sealedPermit(1))
        #expect(gateway.venue.placements.isEmpty)
        #expect(gateway.core?.messages(PermitFate.self).last?.reason == .killed)
    }

    @Test func theCoreHearsOfAKillAndOfItsEnd() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        try deliver(command(.halt, nonce: 5, by: gateway.operatorKey), to: gateway)
        try deliver(directive(6, clears: 5, by: gateway.bothKeys), to: gateway)
        try gateway.run()
        let told = gateway.core?.messages(GatewayLatch.self)
        #expect(told?.map(\.isKilled.isSet) == [true, false])
        #expect(told?.map(\.highestNonce) == [5, 5])
    }

    /// A clock that is ahead, or another operator's, must not make a halt look old.
    @Test func aHaltIsObeyedInWhateverOrderItComes() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        let key = gateway.operatorKey
        try deliver(command(.halt, nonce: 5, by: key), to: gateway)
        try deliver(command(.resume, nonce: 90, by: key), to: gateway)
        #expect(gateway.service?.isKilled == true, "one operator's command clears nothing")
        try deliver(directive(90, clears: 5, by: gateway.bothKeys), to: gateway)
        #expect(gateway.service?.isKilled == false)
        try deliver(command(.halt, nonce: 4, by: key), to: gateway)
        #expect(gateway.service?.isKilled == true)
        try deliver(directive(90, clears: 4, by: gateway.bothKeys), to: gateway)
        #expect(gateway.service?.isKilled == true, "a directive counts once")
    }

    /// Each signature is looked at here, whatever the core says.
    @Test func onlyTheSignaturesOfTwoOperatorsClear() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        try deliver(command(.halt, nonce: 5, by: gateway.operatorKey), to: gateway)
        let (local, other) = (gateway.operatorKey, gateway.otherKey)
        let bad: [[(String, Ed25519PrivateKey)]] = [
            [], [("local", local)], [("local", local), ("local", local)],
            [("local", local), ("other", local)], [("local", local), ("nobody", other)],
        ]
        for (step, keys) in bad.enumerated() {
            try deliver(directive(UInt64(step), clears: 5, by: keys), to: gateway)
            #expect(gateway.service?.isKilled == true, "\(step)")
        }
        try deliver(directive(1, clears: 5, by: gateway.bothKeys), to: gateway)
        #expect(gateway.service?.isKilled == false)
    }

    @Test func aCommandOfAnotherTimeIsRefused() throws {
        let gateway = try GatewayHarness()
        try gateway.begin()
        for age in [Int64(301), -3_600] {
            try deliver(
                command(.halt, nonce: 5, age: .seconds(age), by: gateway.operatorKey),
                to: gateway)
            #expect(gateway.service?.isKilled == false)
        }
    }
}
