import Cryptography
package import Wire

/// Who shares a mask with whom in one round, and who belongs to which group. Every peer computes
/// it from public facts: nobody can place a victim among colluders.
package struct RoundGraph: Sendable, Equatable {
    /// Up to so many peers in a group, everyone is everyone's neighbour.
    package static let completeMax = 128

    /// The group of each peer of U1, by its index.
    package let groups: [Int]
    /// The neighbours of each peer of U1, as rising indices.
    package let neighbours: [[Int]]
    package let groupCount: Int

    /// A graph over `count` peers in `groupCount` groups. In a group of more than 128 each peer has
    /// `degree` neighbours (Harary's graph on a ring), which must be even.
    package init(count: Int, seed: Digest, groupCount: Int, degree: Int) {
        precondition(count > 0 && (1...count).contains(groupCount), "\(groupCount) of \(count)")
        precondition(degree >= 0 && degree.isMultiple(of: 2), "degree \(degree)")
        let order = RoundGraph.permutation(count: count, seed: seed)
        var groups = [Int](repeating: 0, count: count)
        var neighbours = [[Int]](repeating: [], count: count)
        for group in 0..<groupCount {
            let first = count * group / groupCount
            let members = order[first..<count * (group + 1) / groupCount]
            let isComplete = members.count <= RoundGraph.completeMax || degree >= members.count - 1
            for (place, peer) in members.enumerated() {
                groups[peer] = group
                let others =
                    isComplete
                    ? members.filter { $0 != peer }
                    : RoundGraph.ring(Array(members), around: place, degree: degree)
                neighbours[peer] = others.sorted()
            }
        }
        self.groups = groups
        self.neighbours = neighbours
        self.groupCount = groupCount
    }

    /// How many peers a group has.
    package func size(of group: Int) -> Int { groups.count { $0 == group } }

    /// The seed that fixes the graph: nobody can choose it before the keys of U1 are known.
    package static func seed(roundID: Digest, keySet: Digest) -> Digest {
        var bytes = ByteWriter(tag: "FedSync/v1/graph")
        bytes.append(roundID)
        bytes.append(keySet)
        return bytes.digest
    }

    private static func ring(_ members: [Int], around place: Int, degree: Int) -> [Int] {
        (1...degree / 2).flatMap { step in
            [
                members[(place + step) % members.count],
                members[(place + members.count - step) % members.count],
            ]
        }
    }

    /// Fisher and Yates, with draws from the seed's keystream. A draw that would favour some index
    /// is drawn again.
    private static func permutation(count: Int, seed: Digest) -> [Int] {
        var stream: KeystreamAES256
        do throws(CryptoError) {
            stream = try KeystreamAES256(key: SecretBytes(seed.bytes))
        } catch {
            preconditionFailure("the graph's key: \(error)")
        }
        var order = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            let bound = UInt32(index + 1)
            let limit = UInt32.max - UInt32.max % bound
            var draw: UInt32
            repeat {
                draw = 0
                withUnsafeMutableBytes(of: &draw) { stream.fill($0) }
                draw = UInt32(littleEndian: draw)
            } while draw >= limit
            order.swapAt(index, Int(draw % bound))
        }
        return order
    }
}

/// Degree and threshold that keep a bad event, over all peers of a round, below 2^-40, with 32 bits
/// of room for somebody who tries many keys to find a better graph.
package enum GraphParameters {
    /// Rows of peers, adversaries and dropouts in thousandths, degree, threshold.
    private static let table = [
        (256, 100, 100, 42, 26), (512, 100, 100, 54, 34), (1000, 100, 100, 62, 39),
        (1000, 200, 100, 90, 62), (1000, 330, 100, 138, 102),
    ]

    /// The least degree and threshold for up to `count` peers in one group, or nil where the table
    /// has no answer: then the round is not to be had.
    package static func floor(
        count: Int, adversariesPermille: Int, dropoutsPermille: Int
    ) -> (degree: Int, threshold: Int)? {
        if count <= RoundGraph.completeMax { return (count - 1, count / 2 + 1) }
        let row = table.first {
            $0.0 >= count && $0.1 >= adversariesPermille && $0.2 >= dropoutsPermille
        }
        return row.map { ($0.3, $0.4) }
    }

    /// Signatures that make one survivor set the only one: floor((n + a) / 2) + 1, where a is the
    /// number of adversaries among n.
    package static func quorum(count: Int, adversariesPermille: Int) -> Int {
        (count + count * adversariesPermille / 1000) / 2 + 1
    }
}
