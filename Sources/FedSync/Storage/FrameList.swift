package import Federation
package import Trading
package import Wire

/// Frames one after another, each behind its length in four bytes, little-endian: the bodies of
/// journal entries, and transcripts.
package struct FrameList: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func append(_ frame: [UInt8]) {
        withUnsafeBytes(of: UInt32(frame.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes += frame
    }

    /// Appends packed elements as chunks under the name `hash`.
    package mutating func append(
        elements: [UInt8], named hash: Digest, from sender: ProcessID = .empty
    ) {
        var start = 0
        var index: UInt32 = 0
        while start < elements.count {
            let end = min(start + WireFrame.maximumData, elements.count)
            append(
                chunk: FederationChunk(vectorHash: hash, index: index),
                elements: Array(elements[start..<end]), from: sender)
            start = end
            index += 1
        }
    }

    package mutating func append(
        chunk: FederationChunk, elements: [UInt8], from sender: ProcessID
    ) {
        var chunk = chunk
        chunk.envelope = Envelope(
            sender: sender, epoch: .zero, sequence: .zero, sentAt: .zero, traceID: 0)
        append(chunk.frame(elements: elements))
    }
}

/// Reads frames one after another.
package struct FrameReader: Sendable {
    private let bytes: [UInt8]
    package private(set) var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { offset == bytes.count }

    package mutating func next() throws(WireError) -> [UInt8] {
        guard bytes.count - offset >= 4 else {
            throw .truncated(needed: 4, have: bytes.count - offset)
        }
        let length = bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count - offset - 4 >= length else {
            throw .truncated(needed: length, have: bytes.count - offset - 4)
        }
        defer { offset += 4 + length }
        return Array(bytes[offset + 4..<offset + 4 + length])
    }

    /// `count` bytes that stand in chunks under the name `hash`.
    package mutating func elements(_ count: Int, named hash: Digest) throws(WireError) -> [UInt8] {
        var elements: [UInt8] = []
        while elements.count < count {
            let frame = try next()
            let chunk = try FederationChunk(decoding: frame)
            let part = try FederationChunk.elements(in: frame)
            guard chunk.vectorHash == hash, !part.isEmpty, elements.count + part.count <= count
            else { throw .truncated(needed: count, have: elements.count) }
            elements += part
        }
        return elements
    }
}

extension ModelState {
    /// The parameters, then the moments, as IEEE 754 binary64, little-endian.
    package var packed: [UInt8] {
        var bytes = ByteWriter(capacity: (parameters.count + moments.count) * 8)
        for value in parameters + moments { bytes.append(value) }
        return bytes.bytes
    }

    /// - Parameter count: How many parameters the set has; nil is returned where there are not as
    ///   many, or moments of others.
    package init?(packed bytes: [UInt8], parameters count: Int) {
        let values = stride(from: 0, to: bytes.count - 7, by: 8).map { start in
            Double(
                bitPattern: bytes[start..<start + 8].reversed()
                    .reduce(0) { $0 << 8 | UInt64($1) })
        }
        guard values.count == count || values.count == 3 * count else { return nil }
        self.init(
            parameters: Array(values.prefix(count)), moments: Array(values.dropFirst(count)))
    }
}

extension Candidate {
    /// Appends the candidate with all that it consists of.
    package func append(to list: inout FrameList) {
        let packed = sums.packed
        let sumHash = Digest.sha256(packed)
        list.append(
            FederationCandidate(
                federationEpoch: round.epoch, round: round.round, attempt: round.attempt,
                parentHeight: parent.height, parentModel: parent.model, model: model.digest,
                sumHash: sumHash, sumElements: UInt32(sums.count),
                parameters: UInt32(model.parameters.count + model.moments.count)
            ).frame())
        list.append(frame)
        list.append(elements: packed, named: sumHash)
        list.append(elements: model.packed, named: model.digest)
    }

    package init(
        _ frame: [UInt8], _ reader: inout FrameReader, ring: Ring, parameters: Int
    ) throws(WireError) {
        let stated = try FederationCandidate(decoding: frame)
        let result = try reader.next()
        let sums = try reader.elements(
            Int(stated.sumElements) * ring.byteCount, named: stated.sumHash)
        let values = try reader.elements(Int(stated.parameters) * 8, named: stated.model)
        guard let model = ModelState(packed: values, parameters: parameters) else {
            throw .truncated(needed: parameters * 8, have: values.count)
        }
        guard let vector = RingVector(packed: sums, ring: ring) else {
            throw .truncated(needed: ring.byteCount, have: sums.count)
        }
        self.init(
            round: RoundKey(
                epoch: stated.federationEpoch, round: stated.round, attempt: stated.attempt),
            frame: result, sums: vector,
            parent: ModelHead(height: stated.parentHeight, model: stated.parentModel),
            model: model)
    }
}
