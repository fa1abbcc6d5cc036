import Cryptography
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Trading

/// Asks one question after the other and waits for each answer: for a command that has nothing
/// else to do.
final class VenueInterview: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let http: VenueHTTP

    init(_ timeouts: VenueTimeouts) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        http = VenueHTTP(timeouts, concurrency: 1, on: group.next())
    }

    /// Asks what `make` makes of the time. Every question ends: `VenueHTTP` gives up at the
    /// timeout of a call.
    func ask(
        _ make: (Timestamp) throws(CryptoError) -> VenueHTTP.Message
    ) -> VenueReply {
        let askedAt = VenueMoment.now().wall
        let message: VenueHTTP.Message
        do throws(CryptoError) {
            message = try make(askedAt)
        } catch {
            return VenueReply(
                answer: .notSent("the request cannot be signed: \(error)"), venueTime: nil,
                askedAt: askedAt, answeredAt: askedAt)
        }
        let heard = Mutex<(VenueAnswer, String?)?>(nil)
        let done = DispatchSemaphore(value: 0)
        http.ask(message) { answer, date in
            heard.withLock { $0 = (answer, date) }
            done.signal()
        }
        done.wait()
        guard let (answer, date) = heard.withLock({ $0 }) else {
            preconditionFailure("an answer without content")
        }
        return VenueReply(
            answer: answer, venueTime: date.flatMap(httpDate), askedAt: askedAt,
            answeredAt: VenueMoment.now().wall)
    }

    deinit {
        let done = DispatchSemaphore(value: 0)
        http.shutdown { done.signal() }
        done.wait()
        // What is left to fail is a thread of a process that ends.
        try? group.syncShutdownGracefully()
    }
}

/// A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7); nil for another.
func httpDate(_ text: String) -> Timestamp? {
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
        let month = months.firstIndex(of: String(parts[2]))
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return RFC3339.parse("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
}
