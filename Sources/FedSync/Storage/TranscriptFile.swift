package import Federation
import Glibc
package import Runtime
package import Trading
import Wire

/// Writes what a coordinator did, one file for each attempt, so that any member can take the steps
/// again. It holds masked vectors, sealed shares and the shares that were given for unmasking:
/// what every coordinator sees anyway, and what tells nothing of one peer's input.
///
/// Attempts that come to nothing leave no file.
package struct TranscriptWriter {
    private let folder: String
    private let keep: Int
    private var open: (round: RoundKey, list: FrameList)?

    /// `keep`: how many transcripts stay; the oldest go.
    package init(folder: String, keep: Int) {
        self.folder = folder
        self.keep = keep
    }

    /// The name of an attempt's file. Names sort by round.
    package static func name(_ round: RoundKey) -> String {
        func padded(_ number: some BinaryInteger) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, 10 - text.count)) + text
        }
        return [padded(round.epoch), padded(round.round), padded(round.attempt)]
            .joined(separator: "-") + ".transcript"
    }

    /// Takes a step. What is published is written out.
    package mutating func take(
        _ step: CoordinatorStep, of round: RoundKey, by own: PeerID
    ) throws(ProcessFailure) {
        if case .began(let facts, let parent) = step {
            var list = FrameList()
            list.append(
                FederationAttempt(
                    federation: facts.federation, federationEpoch: round.epoch,
                    round: round.round, attempt: round.attempt, rosterHash: facts.rosterHash,
                    configuration: facts.configurationHash, parentHeight: facts.parent.height,
                    parentModel: facts.parent.model,
                    parameters: UInt32(parent.parameters.count + parent.moments.count),
                    coordinator: own.digest
                ).frame())
            list.append(elements: parent.packed, named: facts.parent.model)
            open = (round, list)
            return
        }
        guard let (name, started) = open, name == round else { return }
        open = nil
        var list = started
        switch step {
        case .began: break
        case .took(let message): list.append(message.frame)
        case .tookChunk(let chunk, let elements, let sender):
            list.append(chunk: chunk, elements: elements, from: sender.process)
        case .closed(let stage):
            list.append(FederationStage(stage: UInt32(stage.rawValue)).frame())
        case .published(let candidate):
            candidate.append(to: &list)
            try BinaryFile.write(list.bytes, to: "\(folder)/\(TranscriptWriter.name(round))")
            prune()
            return
        }
        open = (name, list)
    }

    private func prune() {
        let names = FileSystem.names(in: folder).filter { $0.hasSuffix(".transcript") }.sorted()
        for name in names.dropLast(keep) { unlink("\(folder)/\(name)") }
    }
}

extension PeerID {
    /// The peer's name on links.
    package var process: ProcessID { ProcessID(description) ?? .empty }
}
