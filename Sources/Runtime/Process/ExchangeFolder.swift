/// Where a cluster's `fed-sync` and its agents meet: what was learned together lies there for the
/// agents, what an agent has learned for `fed-sync`, which takes it away. Each file has one writer,
/// is replaced whole, and is checked by whoever reads it. Readable by the folder's group.
package struct ExchangeFolder: Sendable {
    package let path: String
    /// The readers' bound.
    package static let sizeMax = 1 << 20
    private static let mode: UInt32 = 0o640

    package init(_ path: String) { self.path = path }

    /// The newest version that the federation has committed.
    package var version: String { path + "/version.json" }
    /// What the agent would like the parameters to be.
    package var offer: String { path + "/offer.json" }

    package func write(_ text: String, to file: String) throws(ProcessFailure) {
        try BinaryFile.write(text, to: file, mode: ExchangeFolder.mode)
    }
}

/// A version as it lies in an exchange folder.
package struct ExchangedVersion: Sendable, Equatable, Codable {
    package let federation: String
    package let height: UInt64
    /// The hash of the model.
    package let model: String
    package let parameters: [String: Double]

    package init(
        federation: String, height: UInt64, model: String, parameters: [String: Double]
    ) {
        self.federation = federation
        self.height = height
        self.model = model
        self.parameters = parameters
    }
}

/// An offer as it lies in an exchange folder, and as `fed-sync offer` takes it.
package struct ExchangedOffer: Sendable, Equatable, Codable {
    /// Above 0 and at most 1.
    package let weight: Double
    package let parameters: [String: Double]

    package init(weight: Double, parameters: [String: Double]) {
        self.weight = weight
        self.parameters = parameters
    }
}
