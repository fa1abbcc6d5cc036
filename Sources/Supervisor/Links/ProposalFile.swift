import Cryptography
import Foundation
import Risk
import Runtime
import Trading
import Wire

/// A proposal on disk, so that operators on several devices can sign it one after the other. What
/// counts is the frame; whatever else the file says would not be signed, so it says nothing else.
struct ProposalFile: Sendable {
    struct Signature: Sendable, Equatable {
        let `operator`: ShortName
        let signature: SignatureBytes
    }

    /// What it proposes.
    enum Terms: Sendable, Equatable {
        case limits(ProposedLimits)
        case directive(DirectiveTerms)

        var cluster: ShortName {
            switch self {
            case .limits(let limits): limits.head.cluster
            case .directive(let directive): directive.cluster
            }
        }
    }

    /// The frame of LimitProposal, OperatorDirective, PostingDirective, OverrideDirective or
    /// CapitalDirective: what is signed.
    let frame: [UInt8]
    let terms: Terms
    private(set) var signatures: [Signature] = []

    init(frame: [UInt8]) throws(ProcessFailure) {
        self.frame = frame
        do throws(WireError) {
            terms =
                try WireFrame.template(of: frame) == .limitProposal
                ? .limits(ProposedLimits(decoding: frame))
                : .directive(DirectiveTerms(decoding: frame))
        } catch {
            throw ProcessFailure(.refused, "the proposal cannot be read: \(error)")
        }
    }

    /// Reads a file that `write` has made.
    init(path: String) throws(ProcessFailure) {
        let text = try TextFile.read(path)
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: Data(text.utf8))
            try self.init(frame: Hex.decode(stored.proposal))
        } catch {
            throw ProcessFailure(.refused, "\(path) is no proposal: \(error)")
        }
        for line in stored.signatures {
            guard let name = ShortName(line.operator), let bytes = try? Hex.decode(line.signature),
                let signature = SignatureBytes(bytes: bytes)
            else { throw ProcessFailure(.refused, "\(path): a signature cannot be read") }
            signatures.append(Signature(operator: name, signature: signature))
        }
    }

    /// Adds an operator's signature.
    mutating func sign(by key: OperatorKey) throws(ProcessFailure) {
        guard !signatures.contains(where: { $0.operator == key.name }) else {
            throw ProcessFailure(.refused, "\(key.name) has signed it; another operator must")
        }
        do throws(CryptoError) {
            let bytes =
                switch terms {
                case .limits: try LimitSeal.sign(frame, with: key.key)
                case .directive: try DirectiveSeal.sign(frame, with: key.key)
                }
            signatures.append(
                Signature(operator: key.name, signature: SignatureBytes(bytes: bytes) ?? .zero))
        } catch {
            throw ProcessFailure(.refused, "the proposal cannot be signed: \(error)")
        }
    }

    /// Writes the file, whole or not at all.
    func write(to path: String, isNew: Bool) throws(ProcessFailure) {
        if isNew, FileSystem.exists(path) {
            throw ProcessFailure(.usage, "\(path) exists: name another file")
        }
        let stored = Stored(
            proposal: Hex.encode(frame),
            signatures: signatures.map {
                Stored.Line(
                    operator: $0.operator.description, signature: Hex.encode($0.signature.bytes))
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            try encoder.encode(stored).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ProcessFailure(.refused, "cannot write \(path): \(error)")
        }
    }

    private struct Stored: Codable {
        struct Line: Codable {
            let `operator`: String
            let signature: String
        }
        let proposal: String
        let signatures: [Line]
    }
}
