package import Cryptography

/// The contract that settles an order; its version is that of the order's typed data.
package enum PolymarketExchange: Sendable, Hashable, CaseIterable {
    /// Markets that stand alone.
    case standard
    /// Markets of an event of which at most one pays: their positions convert into each other.
    case negativeRisk
    /// Orders for a position, and the ticks 0.005 and 0.0025.
    case positions

    /// The typed data's version.
    package var version: String { self == .positions ? "3" : "2" }
}

/// Where the exchange's contracts are on one chain (CLOB V2 and Exchange V3).
package struct PolymarketContracts: Sendable {
    package let chainID: UInt64
    package let collateral: EthereumAddress
    private let exchanges: [PolymarketExchange: TypedDataDomain]

    package static let polygon: UInt64 = 137
    package static let amoy: UInt64 = 80_002

    /// Nil on a chain that the venue is not on.
    package init?(chainID: UInt64) {
        // Both chains share the V2 contracts and the collateral.
        let positions: String
        switch chainID {
        case PolymarketContracts.polygon: positions = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
        case PolymarketContracts.amoy: positions = "0x9fE6e61422AdB6F610d8597F9684b16912D50C3D"
        default: return nil
        }
        self.chainID = chainID
        collateral = constant("0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB")
        let addresses: [PolymarketExchange: EthereumAddress] = [
            .standard: constant("0xE111180000d2663C0091e4f400237545B87B996B"),
            .negativeRisk: constant("0xe2222d279d744050d28e00520010520000310F59"),
            .positions: constant(positions),
        ]
        exchanges = Dictionary(
            uniqueKeysWithValues: addresses.map { exchange, address in
                (
                    exchange,
                    TypedDataDomain(
                        name: "Polymarket CTF Exchange", version: exchange.version,
                        chainID: chainID, contract: address)
                )
            })
    }

    /// The domain that an order for `exchange` is signed for.
    package func domain(of exchange: PolymarketExchange) -> TypedDataDomain {
        guard let domain = exchanges[exchange] else {
            preconditionFailure("no contract for \(exchange)")
        }
        return domain
    }
}

/// An address that stands in this file.
private func constant(_ text: String) -> EthereumAddress {
    do throws(CryptoError) {
        return try EthereumAddress(text)
    } catch { preconditionFailure("\(text) is no address: \(error)") }
}
