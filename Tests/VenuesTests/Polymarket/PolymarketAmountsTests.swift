import Cryptography
import Foundation
import Testing
import Trading
import Venues

struct PolymarketAmountsTests {
    @Test func refusesWhatIsOffTheGrid() throws {
        let cent = try #require(PolymarketRounding(tick: Price(units: 10_000_000)))
        let price = Price(units: 480_000_000)
        let quantity = Quantity(units: 19_560_000_000)
        let amounts = PolymarketAmounts(.buy, price: price, quantity: quantity, rounding: cent)
        #expect(amounts == PolymarketAmounts(maker: 9_388_800, taker: 19_560_000))
        let sale = PolymarketAmounts(.sell, price: price, quantity: quantity, rounding: cent)
        #expect(sale == PolymarketAmounts(maker: 19_560_000, taker: 9_388_800))
        let off: [(Price, Quantity)] = [
            (Price(units: 485_000_000), quantity), (price, Quantity(units: 19_565_000_000)),
            (.zero, quantity), (.one, quantity), (price, .zero), (price, Quantity(-1)),
        ]
        for (price, quantity) in off {
            #expect(
                PolymarketAmounts(.buy, price: price, quantity: quantity, rounding: cent) == nil)
        }
    }

    @Test func knowsTheVenuesTicksOnly() {
        for units: Int64 in [100, 10, 5, 1] {
            #expect(PolymarketRounding(tick: Price(units: units * 1_000_000)) != nil)
        }
        #expect(PolymarketRounding(tick: Price(units: 2_500_000)) != nil)
        #expect(PolymarketRounding(tick: Price(units: 100_000)) != nil)
        #expect(PolymarketRounding(tick: Price(units: 20_000_000)) == nil)
        #expect(PolymarketRounding(tick: .zero) == nil)
    }

    @Test func cutsToWholeCents() throws {
        let rounding = try #require(PolymarketRounding(tick: Price(units: 1_000_000)))
        let half = Price(units: 500_000_000)
        #expect(rounding.inWholeCents(Quantity(3), at: half) == Quantity(3))
        #expect(
            rounding.inWholeCents(Quantity(units: 3_010_000_000), at: half) == Quantity(3))
        // 0.575 a contract: whole cents come every 0.4 contracts.
        let odd = Price(units: 575_000_000)
        #expect(rounding.inWholeCents(Quantity(1), at: odd) == Quantity(units: 800_000_000))
        #expect(rounding.inWholeCents(Quantity(units: 390_000_000), at: odd) == .zero)
    }
}

struct PolymarketSignerTests {
    @Test func refusesAnAccountThatHoldsNothing() throws {
        let contracts = try #require(PolymarketContracts(chainID: PolymarketContracts.amoy))
        let key = try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let other = try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 8, count: 32)))
        #expect(throws: VenueSetupError.self) {
            try PolymarketSigner(
                key: key, funder: other.address, signatureType: .account, contracts: contracts)
        }
        for type in PolymarketSignatureType.allCases where type != .account {
            #expect(throws: VenueSetupError.self) {
                try PolymarketSigner(
                    key: key, funder: nil, signatureType: type, contracts: contracts)
            }
        }
        #expect(PolymarketContracts(chainID: 1) == nil)
    }

    @Test func readsAKeyAndNamesOnlyItsFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "wallet").path
        let digits = String(repeating: "07", count: 32)
        try "0x\(digits)\n".write(toFile: path, atomically: true, encoding: .utf8)
        let key = try Secp256k1PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        #expect(try PolymarketSigner.key(inFile: path).address == key.address)
        let spoilt = String(repeating: "07", count: 31) + "zz"
        try spoilt.write(toFile: path, atomically: true, encoding: .utf8)
        do {
            _ = try PolymarketSigner.key(inFile: path)
            Issue.record("a spoilt key was read")
        } catch {
            #expect("\(error)".contains(path))
            #expect(!"\(error)".contains("0707"))
        }
    }
}
