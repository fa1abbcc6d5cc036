#if BELLWETHER_MUTANTS
    package import Wire

    /// A control that is spoiled, so that a test can show that it would be missed. Only what
    /// `scripts/mutants` builds has it: no release, and no debug build either.
    package struct Mutant: Sendable {
        package let control: Control
        /// It denies what it should pass and passes what it should deny; else it passes all.
        package let isInverted: Bool

        package init(_ control: Control, isInverted: Bool) {
            self.control = control
            self.isInverted = isInverted
        }

        /// What the inverted control finds where the sound one would find `sound`.
        func invert(_ sound: ControlResult) -> ControlResult {
            sound.isDenied ? .passed : .denied(.overload)
        }
    }
#endif
