import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Runtime
import Trading

/// Serves the API on one loopback address. Thin: what is answered is `ClusterAPI`'s.
struct APIServer: Sendable {
    let api: ClusterAPI
    let endpoint: HTTPEndpoint
    let log: Logger

    /// Serves until the task is cancelled. `isListening` hears the port.
    func run(_ isListening: @escaping @Sendable (Int) async -> Void) async throws {
        let application = Application(
            responder: APIResponder(api: api),
            configuration: ApplicationConfiguration(
                address: .hostname(endpoint.host, port: endpoint.port)),
            onServerRunning: { channel in await isListening(channel.localAddress?.port ?? 0) },
            logger: log)
        try await application.run()
    }
}

/// Turns what Hummingbird has read into a request of the API, and its answer into bytes.
struct APIResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let api: ClusterAPI
    /// Clients that follow events at the same time.
    private static let streamsMax = 32
    private let streams = StreamCount()

    init(api: ClusterAPI) { self.api = api }

    func respond(to request: Request, context: Context) async throws -> Response {
        guard let body = try? await request.body.collect(upTo: ClusterAPI.bodyMax) else {
            return response(
                Problem(
                    title: "Content too large", status: 413,
                    detail: "A body has at most \(ClusterAPI.bodyMax) bytes."
                ).reply)
        }
        let query = Dictionary(
            request.uri.queryParameters.map { (String($0.key), String($0.value)) }
        ) { _, last in last }
        let asked = APIRequest(
            APIRequest.Method(rawValue: request.method.rawValue) ?? .other, request.uri.path,
            query: query, token: token(in: request.headers),
            prefersHTML: request.headers[.accept]?.hasPrefix("text/html") ?? false,
            body: Array(buffer: body))
        return response(await api.respond(to: asked))
    }

    private func token(in headers: HTTPFields) -> String? {
        guard let value = headers[.authorization], value.hasPrefix("Bearer ") else { return nil }
        return String(value.dropFirst("Bearer ".count))
    }

    private func response(_ reply: APIReply) -> Response {
        var headers: HTTPFields = [
            .contentType: reply.type, .contentSecurityPolicy: DashboardAssets.policy,
            .xContentTypeOptions: "nosniff", .cacheControl: "no-store",
        ]
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let status = HTTPResponse.Status(code: reply.status)
        switch reply.body {
        case .bytes(let bytes):
            return Response(
                status: status, headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .events(let feed):
            guard streams.begin(max: APIResponder.streamsMax) else {
                return response(Problem.tooMany.reply)
            }
            return Response(
                status: status, headers: headers,
                body: ResponseBody { [streams] writer in
                    defer { streams.end() }
                    try await feed.run { try await writer.write(ByteBuffer(bytes: $0)) }
                    try await writer.finish(nil)
                })
        }
    }
}
