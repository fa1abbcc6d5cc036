import Trading
import Wire

/// What operators have signed together.
extension AdminConsole {
    /// The newest halt of a scope at a process, which a directive that clears it names.
    func newestHalt(
        of scope: OperatorScope, at process: ProcessID, patience: Trading.Span
    ) async throws(AdminError) -> HaltReply {
        let nonce = nextNonce()
        let names = scope.names
        let request = HaltRequest(
            nonce: nonce, scope: scope.kind, org: names.org, account: names.account,
            strategy: names.strategy, venue: names.venue, instrument: names.instrument)
        let reply = try await ask(request.frame(), nonce: nonce, process, patience)
        do throws(WireError) {
            return try HaltReply(decoding: reply)
        } catch {
            throw .malformed(process, error.description)
        }
    }

    /// Hands a signed file to a process.
    func give(
        _ proposal: ProposalFile, to process: ProcessID, patience: Trading.Span
    ) async throws(AdminError) -> OperatorAnswer {
        let nonce = nextNonce()
        let reply = try await ask(proposal.message(nonce: nonce), nonce: nonce, process, patience)
        do throws(WireError) {
            return try OperatorAnswer(decoding: reply, process: process)
        } catch {
            throw .malformed(process, error.description)
        }
    }
}

extension ProposalFile {
    /// The message that carries it, with its signatures.
    fileprivate func message(nonce: UInt64) -> [UInt8] {
        switch terms {
        case .limits:
            LimitChange(nonce: nonce, receivedAt: .zero, presentHash: .zero).frame(
                signatures: signatures.map {
                    LimitChange.SignaturesEntry(operator: $0.operator, signature: $0.signature)
                },
                proposal: frame)
        case .directive:
            DirectiveGiven(nonce: nonce, receivedAt: .zero, isObeyed: .no).frame(
                signatures: signatures.map {
                    DirectiveGiven.SignaturesEntry(operator: $0.operator, signature: $0.signature)
                },
                directive: frame)
        }
    }
}
