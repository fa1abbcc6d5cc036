package import Trading

/// What operators sign to let more risk through, with everything that it says.
package struct DirectiveTerms: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case order(OperatorDirective, latches: [OperatorDirective.LatchesEntry])
        case posting(PostingDirective)
        case override(OverrideDirective)
        case capital(CapitalDirective)
    }

    package let content: Content
    package let reason: String

    /// Reads the signed bytes.
    package init(decoding frame: [UInt8]) throws(WireError) {
        let reasonBytes: [UInt8]
        switch try WireFrame.template(of: frame) {
        case .operatorDirective:
            content = .order(
                try OperatorDirective(decoding: frame),
                latches: try OperatorDirective.latches(in: frame))
            reasonBytes = try OperatorDirective.reason(in: frame)
        case .postingDirective:
            content = .posting(try PostingDirective(decoding: frame))
            reasonBytes = try PostingDirective.reason(in: frame)
        case .overrideDirective:
            content = .override(try OverrideDirective(decoding: frame))
            reasonBytes = try OverrideDirective.reason(in: frame)
        case .capitalDirective:
            content = .capital(try CapitalDirective(decoding: frame))
            reasonBytes = try CapitalDirective.reason(in: frame)
        case let other: throw .unknownTemplate(other.rawValue)
        }
        reason = String(decoding: reasonBytes, as: UTF8.self)
    }

    package var cluster: ShortName {
        switch content {
        case .order(let directive, _): directive.cluster
        case .posting(let directive): directive.cluster
        case .override(let directive): directive.cluster
        case .capital(let directive): directive.cluster
        }
    }

    package var number: UInt64 {
        switch content {
        case .order(let directive, _): directive.number
        case .posting(let directive): directive.number
        case .override(let directive): directive.number
        case .capital(let directive): directive.number
        }
    }

    package var expiresAt: Timestamp {
        switch content {
        case .order(let directive, _): directive.expiresAt
        case .posting(let directive): directive.expiresAt
        case .override(let directive): directive.expiresAt
        case .capital(let directive): directive.expiresAt
        }
    }

    /// The halt that it names at a gateway; nil where it does not name the gateway.
    package func halt(at gateway: ProcessID) -> UInt64? {
        guard case .order(_, let latches) = content else { return nil }
        return latches.first { $0.gateway == gateway }?.halt
    }
}

/// A directive as a process was given it.
package struct GivenDirective: Sendable, Equatable {
    package private(set) var head: DirectiveGiven
    package let signatures: [DirectiveGiven.SignaturesEntry]
    /// What is signed.
    package let directive: [UInt8]
    package let terms: DirectiveTerms

    package init(decoding frame: [UInt8]) throws(WireError) {
        head = try DirectiveGiven(decoding: frame)
        signatures = try DirectiveGiven.signatures(in: frame)
        directive = try DirectiveGiven.directive(in: frame)
        terms = try DirectiveTerms(decoding: directive)
    }

    /// The same, with when it came and what became of it.
    package func received(at time: Timestamp, isObeyed: Bool = false) -> GivenDirective {
        var copy = self
        copy.head.receivedAt = time
        copy.head.isObeyed = Flag(isObeyed)
        return copy
    }

    package var frame: [UInt8] { head.frame(signatures: signatures, directive: directive) }

    package var claim: DirectiveClaim {
        DirectiveClaim(
            cluster: terms.cluster, number: terms.number, expiresAt: terms.expiresAt,
            receivedAt: head.receivedAt, signers: signatures.map(\.operator))
    }
}
