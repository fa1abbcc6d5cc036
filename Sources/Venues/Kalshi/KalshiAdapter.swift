package import Execution
package import Logging
package import Trading

/// Kalshi's trade-api v2 behind the venue port.
package final class KalshiAdapter: VenueAdapter {
    private let configuration: KalshiConfiguration
    private let signer: KalshiSigner
    private let logger: Logger

    /// Reads the key file; connects when started.
    package init(
        _ configuration: KalshiConfiguration, logger: Logger
    ) throws(VenueSetupError) {
        self.configuration = configuration
        self.logger = logger
        signer = try KalshiSigner(keyID: configuration.keyID, keyFile: configuration.keyFile)
    }

    package func start(_ sink: @escaping @Sendable (VenueEvent) -> Void) {}
    package func submit(_ call: VenueCall, id: VenueCallID) {}
    package func acknowledge(tick: TickNumber) {}
    package func stop() {}
}
