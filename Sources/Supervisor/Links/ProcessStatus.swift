import Runtime
import Trading
import Wire

/// The state of a process as it states it.
struct ProcessStatus: Sendable, Equatable {
    let process: ProcessID
    let kind: ProcessKind
    let arming: ArmingState
    let isKilled: Bool
    let isReady: Bool
    let incarnation: Incarnation
    let marketTime: Timestamp
    let tick: TickNumber
    let journalSequence: SequenceNumber
    let chainHead: Digest
    let stateHash: Digest
    /// By label, as the process declared them.
    let counters: [String: Int64]
    let version: String

    init(decoding frame: [UInt8], process: ProcessID) throws(WireError) {
        let reply = try StatusReply(decoding: frame)
        var counters: [String: Int64] = [:]
        for entry in try StatusReply.counters(in: frame) {
            counters[ProcessStatus.shown(entry.label.description)] = entry.value
        }
        let version = String(decoding: try StatusReply.version(in: frame), as: UTF8.self)
        self.init(reply, process: process, counters: counters, version: version)
    }

    init(_ reply: StatusReply, process: ProcessID, counters: [String: Int64], version: String) {
        self.process = process
        kind = reply.kind
        arming = reply.arming
        isKilled = reply.isKilled.isSet
        isReady = reply.isReady.isSet
        incarnation = reply.incarnation
        marketTime = reply.marketTime
        tick = reply.tick
        journalSequence = reply.journalSequence
        chainHead = reply.chainHead
        stateHash = reply.stateHash
        self.counters = counters
        self.version = version
    }

    /// A counter's label with a reject reason as it is spelt everywhere, where it has one. The wire
    /// has too little room for the longest.
    private static func shown(_ label: String) -> String {
        guard label.hasPrefix(StatusLabel.rejectedPrefix) else { return label }
        let name = label.dropFirst(StatusLabel.rejectedPrefix.count)
        let reason = RejectReason.allCases.first { "\($0)" == name }
        return reason.map { StatusLabel.rejectedPrefix + $0.code } ?? label
    }

    /// A counter, zero where the process does not have it.
    func count(_ label: String) -> Int64 { counters[label] ?? 0 }

    /// An amount, whose counter is in units of 1e-9.
    func amount(_ label: String) -> Money { Money(units: count(label)) }
}
