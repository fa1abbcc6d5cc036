extension RejectReason {
    /// The reason as users see it and docs/CONTROLS.md lists it: `quoteStale` is `QUOTE_STALE`.
    package var code: String {
        var text = ""
        for character in wireName {
            if character.isUppercase { text += "_" }
            text += character.uppercased()
        }
        return text
    }
}
