import NIOCore
import NIOHTTP1
import Trading

/// One protocol of the venue: what answers on its port. Lives on the venue's one event loop.
protocol VenueFront: AnyObject {
    func respond(to request: VenueRequest) -> VenueResponse

    /// What goes wrong with a request on purpose.
    func fate(of request: VenueRequest) -> FaultDirector.RequestFate

    /// What a request is answered with that was refused on purpose.
    func refusal(_ kind: FaultPlan.Kind) -> VenueResponse

    /// The wall clock as the venue has it.
    var wallNow: Timestamp { get }

    /// The answer to a body that is too long to be read.
    var tooLong: VenueResponse { get }

    /// Who is to speak on a WebSocket that is asked for; nil where it is refused, so that the
    /// request is answered as HTTP.
    func socket(for head: HTTPRequestHead) -> (any VenueSocket)?
}

/// The venue's end of one WebSocket connection.
protocol VenueSocket: AnyObject {
    /// Whether the venue sends pings of its own.
    var isPinged: Bool { get }
    func open(_ channel: any Channel)
    func receive(_ bytes: [UInt8])
    func close()
}
