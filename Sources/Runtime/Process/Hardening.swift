import CLinux
import Glibc

/// Keeps keys in memory where they belong: no core file, no debugger of the same user.
package enum Hardening {
    /// Called first in every process that reads keys. `PR_SET_DUMPABLE` 0 also hides
    /// `/proc/self/environ` and `/proc/self/mem` from other processes of the user.
    package static func apply() throws(ProcessFailure) {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 else {
            throw failure("forbid core files")
        }
        guard linux_forbid_dumps() == 0 else {
            throw failure("forbid the reading of its memory")
        }
        umask(0o077)
    }

    private static func failure(_ what: String) -> ProcessFailure {
        ProcessFailure(.refused, "cannot \(what): \(String(cString: strerror(errno)))")
    }
}
