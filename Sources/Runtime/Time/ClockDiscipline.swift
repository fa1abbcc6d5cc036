import CLinux
package import Trading

/// Whether somebody keeps the machine's clock right (adjtimex(2)).
package struct ClockDiscipline: Sendable, Equatable {
    /// The kernel has heard from a time source lately.
    package let isSynchronised: Bool
    /// By how much the clock may be off.
    package let errorMax: Span

    package init(isSynchronised: Bool, errorMax: Span) {
        self.isSynchronised = isSynchronised
        self.errorMax = errorMax
    }

    /// As the kernel sees it now.
    package static func now() -> ClockDiscipline {
        var microseconds = 0
        let isSynchronised = linux_clock_is_synchronised(&microseconds) != 0
        return ClockDiscipline(
            isSynchronised: isSynchronised, errorMax: .microseconds(Int64(microseconds)))
    }
}
