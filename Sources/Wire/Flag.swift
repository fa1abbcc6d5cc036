extension Flag {
    /// The flag of a truth value.
    package init(_ isSet: Bool) { self = isSet ? .yes : .no }

    /// Whether the flag says yes.
    package var isSet: Bool { self == .yes }
}
