/// What Polymarket's protocol knows of an order beyond its terms.
struct OrderLabel: Sendable, Hashable {
    /// The order's hash, which is its name.
    let hash: String
    /// GTC, GTD, FOK or FAK.
    let kind: String
    /// What the client stated, in seconds; zero: never.
    let expiration: Int64
    /// Who gives: the wallet that the funds are in.
    let maker: String
    /// What the client made the order unique with.
    let salt: UInt64
}

/// A key that a wallet was given, by the nonce that it signed.
struct WalletKey: Sendable, Hashable {
    let address: String
    let nonce: String
}
