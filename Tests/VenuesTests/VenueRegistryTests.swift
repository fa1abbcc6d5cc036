import Execution
import Foundation
import Logging
import Testing
import Trading
import Venues

@Suite struct VenueRegistryTests {
    private func settings(
        _ url: String, keyID: String = "k", options: [String: String] = [:]
    ) -> VenueSettings {
        VenueSettings(
            url: url, keyID: keyID, keyFile: "/nowhere/venue.pem", isReplay: true,
            options: options)
    }

    @Test func anUnknownVenueIsNamed() throws {
        let venue = try #require(VenueID("nyse"))
        #expect(
            throws: VenueSetupError(
                option: "venue", "expected one of kalshi, polymarket, found nyse")
        ) {
            _ = try VenueRegistry.adapter(
                for: venue, settings("http://h/trade-api/v2"), logger: Logger(label: "test"))
        }
    }

    @Test(arguments: [
        "", "http://", "ftp://h/trade-api/v2", "http://h/", "http://h/trade-api/v2?x=1",
        "http://h/trade-api/v3",
    ])
    func aURLThatCannotBeSignedIsRefused(_ url: String) {
        #expect {
            _ = try KalshiConfiguration(settings(url))
        } throws: { ($0 as? VenueSetupError)?.option == "url" }
    }

    @Test func optionsAreChecked() throws {
        let url = "https://h:8443/trade-api/v2"
        for (option, value) in [("colour", "red"), ("read-tokens", "0"), ("concurrency", "x")] {
            #expect {
                _ = try KalshiConfiguration(settings(url, options: [option: value]))
            } throws: { ($0 as? VenueSetupError)?.option == option }
        }
        #expect { _ = try KalshiConfiguration(settings(url, keyID: "")) } throws: {
            ($0 as? VenueSetupError)?.option == "key-id"
        }
        let configuration = try KalshiConfiguration(
            settings(url, options: ["series": "A, B", "concurrency": "9"]))
        #expect(configuration.socketURL.absoluteString == "wss://h:8443/trade-api/ws/v2")
        #expect(configuration.series == ["A", "B"])
        // Replay sends one call at a time whatever is asked.
        #expect(configuration.concurrency == 1)
    }

    @Test func aMissingKeyStopsTheSetUp() throws {
        let venue = try #require(VenueID("kalshi"))
        #expect(
            throws: VenueSetupError(option: "key-file", "cannot read /nowhere/venue.pem")
        ) {
            _ = try VenueRegistry.adapter(
                for: venue, settings("http://h/trade-api/v2"), logger: Logger(label: "test"))
        }
    }
}
