package import Trading

/// Where the keys of a cluster lie under one folder. A process gets its own folder and `public/`.
package struct KeyFiles: Sendable, Equatable {
    /// The folder of all keys.
    package let root: String

    package init(root: String) { self.root = root }

    package var publicFolder: String { "\(root)/public" }
    package var operatorFolder: String { "\(root)/operator" }
    package func folder(of process: ProcessID) -> String { "\(root)/\(process)" }

    // Secrets: what proves who the process is.
    package func curve(_ process: ProcessID) -> String { folder(of: process) + "/curve.key" }
    /// The core's or a gateway's half of the permit authenticator.
    package func permit(_ process: ProcessID) -> String { folder(of: process) + "/permit.key" }
    /// Signs the checkpoints of the core's or a gateway's journal.
    package func checkpoint(_ process: ProcessID) -> String {
        folder(of: process) + "/checkpoint.key"
    }
    /// The account's key at the venue.
    package func venue(_ gateway: ProcessID) -> String { folder(of: gateway) + "/venue.pem" }
    package func `operator`(_ name: ShortName) -> String { "\(operatorFolder)/\(name).key" }

    // What others need to know.
    package func publicCurve(_ process: ProcessID) -> String { "\(publicFolder)/\(process).curve" }
    package func publicPermit(_ process: ProcessID) -> String {
        "\(publicFolder)/\(process).permit"
    }
    package func publicCheckpoint(_ process: ProcessID) -> String {
        "\(publicFolder)/\(process).checkpoint"
    }
    package func publicOperator(_ name: ShortName) -> String {
        "\(publicFolder)/operator-\(name).ed25519"
    }
    package func publicVenue(_ gateway: ProcessID) -> String {
        "\(publicFolder)/\(gateway).venue.pem"
    }
}
