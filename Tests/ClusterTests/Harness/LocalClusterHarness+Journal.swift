import Journal
import Trading
import Wire

/// What the processes wrote into their own journals.
extension LocalClusterHarness {
    /// The leases that the gateway has granted.
    func leases() throws -> [LeaseGranted] {
        try commands(.leaseGranted, of: "gw-kalshi").map { try LeaseGranted(decoding: $0) }
    }

    /// The permits that the gateway has used, as the core sent them.
    func usedPermits() throws -> [OrderPermit] {
        try commands(.orderPermit, of: "gw-kalshi").map { try OrderPermit(decoding: $0) }
    }

    /// How many cancels of an agent the core has decided.
    func cancelRequests(of agent: String) throws -> Int {
        try commands(.cancelRequest, of: "core").count {
            try WireFrame.envelope(of: $0).sender == processID(agent)
        }
    }

    private func commands(_ template: WireTemplate, of process: String) throws -> [[UInt8]] {
        let reader = try JournalReader(opening: "\(state)/\(process)/journal.sqlite")
        var commands: [[UInt8]] = []
        var next = SequenceNumber(1)
        while true {
            let entries = try reader.read(from: next, limit: 1_000)
            guard let last = entries.last else { return commands }
            for entry in entries where entry.header.template == template.rawValue {
                commands.append(try JournalEntry.command(in: entry.body))
            }
            next = last.header.sequence.next
        }
    }
}
