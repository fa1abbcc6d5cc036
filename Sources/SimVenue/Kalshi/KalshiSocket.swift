import NIOCore

/// A WebSocket connection of Kalshi's protocol: its participant is known before it opens.
final class KalshiSocket: VenueSocket {
    private let service: VenueService
    private let participant: VenueParticipant
    private var session: SocketSession?

    init(service: VenueService, participant: VenueParticipant) {
        self.service = service
        self.participant = participant
    }

    let isPinged = true

    func open(_ channel: any Channel) {
        session = service.connect(participant, channel: channel)
    }

    func receive(_ bytes: [UInt8]) {
        if let session { service.receive(bytes, from: session) }
    }

    func close() {
        if let session { service.disconnect(session) }
        session = nil
    }
}
