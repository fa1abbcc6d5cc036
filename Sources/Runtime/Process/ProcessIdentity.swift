import Glibc

/// Who this process is to the system.
package enum ProcessIdentity {
    package static var own: Int32 { getpid() }
}
