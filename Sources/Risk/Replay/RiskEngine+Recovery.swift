package import Trading
package import Wire

/// Why an entry of the journal cannot be applied.
package enum EntryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry, its command, reference or decision does not decode.
    case unreadable(WireError)
    /// The command is of a kind that the engine has no state for.
    case notACommand(WireTemplate)
    /// A request without the decision that was made on it.
    case decisionMissing(WireTemplate)
    /// The decision answers another kind of command.
    case decisionMismatch(WireTemplate, JudgedKind)

    package var description: String {
        switch self {
        case .unreadable(let error): "unreadable: \(error)"
        case .notACommand(let template): "\(template) is no command of the risk engine"
        case .decisionMissing(let template): "\(template) has no recorded decision"
        case .decisionMismatch(let template, let kind):
            "\(template) has a recorded decision on a \(kind)"
        }
    }
}

/// What an entry was.
package enum AppliedEntry: Sendable, Equatable {
    case command(WireTemplate)
    /// The state hash that the journal recorded at this point, for the caller to compare.
    case checkpoint(Checkpoint)
}

/// The parts of a journal entry, decoded as far as every command needs.
struct EntryParts {
    let at: Timestamp
    let template: WireTemplate
    let command: [UInt8]
    let reference: ReferenceUpdated?
    let decision: [UInt8]

    init(_ entry: [UInt8]) throws(WireError) {
        at = try JournalEntry(decoding: entry).at
        command = try JournalEntry.command(in: entry)
        let referenceBytes = try JournalEntry.reference(in: entry)
        decision = try JournalEntry.decision(in: entry)
        template = try WireFrame.template(of: command)
        reference = referenceBytes.isEmpty ? nil : try ReferenceUpdated(decoding: referenceBytes)
    }

    var recorded: Judged? {
        get throws(WireError) { decision.isEmpty ? nil : try Judged(decoding: decision) }
    }
}

extension RiskEngine {
    /// Applies an entry of the journal as it was: judged commands with their recorded decisions,
    /// all others again. Effects are what was sent then; a caller that recovers drops them.
    @discardableResult
    package mutating func recover(
        _ entry: [UInt8], into effects: inout RiskEffects
    ) throws(EntryError) -> AppliedEntry {
        do {
            let parts = try EntryParts(entry)
            if try record(parts, into: &effects) { return .command(parts.template) }
            if parts.template == .checkpoint {
                return .checkpoint(try Checkpoint(decoding: parts.command))
            }
            if try apply(parts, into: &effects) { return .command(parts.template) }
            throw EntryError.notACommand(parts.template)
        } catch let error as EntryError {
            throw error
        } catch let error as WireError {
            throw .unreadable(error)
        } catch {
            preconditionFailure("an entry failed with \(error)")
        }
    }

    /// Records a judged command with its recorded decision; false when it is of another kind.
    private mutating func record(
        _ parts: EntryParts, into effects: inout RiskEffects
    ) throws -> Bool {
        let kind: JudgedKind
        switch parts.template {
        case .orderRequest: kind = .order
        case .declareIntent: kind = .intent
        case .cancelRequest: kind = .cancel
        default: return false
        }
        guard let recorded = try parts.recorded else {
            throw EntryError.decisionMissing(parts.template)
        }
        guard recorded.kind == kind else {
            throw EntryError.decisionMismatch(parts.template, recorded.kind)
        }
        let judgement = Judgement(recorded: recorded)
        let command = parts.command
        switch kind {
        case .order:
            record(
                try OrderRequest(decoding: command),
                try RequestFacts(orderRequest: command.span.bytes), judgement,
                reference: parts.reference, at: parts.at, into: &effects)
        case .intent:
            record(
                try DeclareIntent(decoding: command),
                RequestFacts(declareIntent: command.span.bytes), judgement, at: parts.at,
                into: &effects)
        case .cancel:
            record(
                try CancelRequest(decoding: command), judgement, at: parts.at, into: &effects)
        }
        return true
    }

    /// Applies a command that no control judges; false when the engine has no such command.
    mutating func apply(
        _ parts: EntryParts, into effects: inout RiskEffects
    ) throws(WireError) -> Bool {
        try apply(parts.template, parts.command, at: parts.at, into: &effects)
    }

    /// Applies a command that no control judges, from its frame; false when the engine has no such
    /// command. What the shell receives from gateways goes through here as it is journalled.
    package mutating func apply(
        _ template: WireTemplate, _ frame: [UInt8], at now: Timestamp,
        into effects: inout RiskEffects
    ) throws(WireError) -> Bool {
        switch template {
        case .permitFate: apply(try PermitFate(decoding: frame), at: now, into: &effects)
        case .fillReport: apply(try FillReport(decoding: frame), at: now, into: &effects)
        case .instrumentDefined:
            apply(try InstrumentDefined(decoding: frame), at: now, into: &effects)
        case .instrumentChanged:
            apply(try InstrumentChanged(decoding: frame), at: now, into: &effects)
        case .instrumentSettlement:
            apply(try InstrumentSettlement(decoding: frame), at: now, into: &effects)
        case .venueBalance: apply(try VenueBalance(decoding: frame), at: now, into: &effects)
        case .referenceUpdated:
            apply(try ReferenceUpdated(decoding: frame), at: now, into: &effects)
        case .operatorCommand: apply(try OperatorCommand(decoding: frame), at: now, into: &effects)
        case .accountOpened: apply(try AccountOpened(decoding: frame), at: now, into: &effects)
        case .costMethodSet: apply(try CostMethodSet(decoding: frame), at: now, into: &effects)
        case .operatorPosting: apply(try OperatorPosting(decoding: frame), at: now, into: &effects)
        case .strategyGranted: apply(try StrategyGranted(decoding: frame), at: now, into: &effects)
        case .limitSet: apply(try LimitSet(decoding: frame), at: now, into: &effects)
        case .limitChange: try apply(limitChange: frame, at: now, into: &effects)
        case .directiveGiven: try apply(directiveGiven: frame, at: now, into: &effects)
        case .limitsDue: apply(try LimitsDue(decoding: frame), at: now, into: &effects)
        case .operatorsSet: try apply(operatorsSet: frame, at: now, into: &effects)
        case .registryBegan: apply(try RegistryBegan(decoding: frame), at: now, into: &effects)
        case .registrySet: apply(try RegistrySet(decoding: frame), at: now, into: &effects)
        case .registryLink: apply(try RegistryLink(decoding: frame), at: now, into: &effects)
        case .registryRule: apply(try RegistryRule(decoding: frame), at: now, into: &effects)
        case .agentConnected: apply(try AgentConnected(decoding: frame), at: now, into: &effects)
        case .gatewayConnected:
            apply(try GatewayConnected(decoding: frame), at: now, into: &effects)
        case .gatewayLatch: apply(try GatewayLatch(decoding: frame), at: now, into: &effects)
        case .accountReconciled:
            apply(try AccountReconciled(decoding: frame), at: now, into: &effects)
        case .coreStarted: apply(try CoreStarted(decoding: frame), at: now, into: &effects)
        case .alertPathChanged:
            apply(try AlertPathChanged(decoding: frame), at: now, into: &effects)
        case .timerFired: apply(try TimerFired(decoding: frame), at: now, into: &effects)
        default: return false
        }
        return true
    }
}
