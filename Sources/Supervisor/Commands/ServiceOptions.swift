import ArgumentParser
import AsyncHTTPClient
import Cryptography
import Foundation
import NIOCore
import NIOHTTP1
import Runtime
import Trading

/// Which supervisor's API is asked.
struct RemoteOptions: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help:
            "The supervisor's address, such as https://desk.example:8443. Default: this machine's.")
    var url: String?

    @Option(
        name: .long, help: "The file with the token of the API. Default: this machine's own token.")
    var tokenFile: String?

    /// Whether another supervisor than this machine's is meant.
    var isRemote: Bool { url != nil }

    func validate() throws {
        if let url, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            throw ValidationError("--url: expected an address such as https://desk.example:8443")
        }
        if url != nil, tokenFile == nil {
            throw ValidationError("--url: wants --token-file, the token of that supervisor")
        }
    }
}

/// The options of the commands that ask a running supervisor, of this machine or of another.
struct ServiceOptions: ParsableArguments, Sendable {
    @OptionGroup var options: ConsoleOptions
    @OptionGroup var remote: RemoteOptions

    @Flag(name: .long, help: "Shows it anew every two seconds, until Ctrl-C.")
    var watch = false

    /// Asks for a report and shows it: as the API's JSON, or as `lines` of it.
    func show<Report: Decodable & Sendable>(
        _ path: String, as type: Report.Type, lines: @escaping @Sendable (Report) -> [String]
    ) async {
        await SupervisorCommand.perform {
            let service = try ServiceClient(remote, options)
            let terminal = Terminal()
            var canvas = Canvas(terminal)
            repeat {
                let body = try await service.get(path)
                if options.json {
                    terminal.line(String(decoding: body, as: UTF8.self))
                } else {
                    let text = lines(try ServiceClient.decode(type, body))
                    if watch, terminal.isInteractive {
                        canvas.draw(text)
                    } else {
                        for line in text { terminal.line(line) }
                    }
                }
                if watch { try await Task.sleep(for: .seconds(2)) }
            } while watch
        }
    }
}

/// Asks the HTTP API of a supervisor.
struct ServiceClient {
    private static let patience = TimeAmount.seconds(10)
    private static let answerMax = 16 << 20

    private let base: String
    private let token: String

    init(_ remote: RemoteOptions, _ options: ConsoleOptions) throws(ProcessFailure) {
        if let url = remote.url {
            base = url.hasSuffix("/") ? String(url.dropLast()) : url
        } else {
            guard let http = try options.configuration().supervisor.http else {
                throw ProcessFailure(
                    .usage,
                    "the configuration has no `supervisor: http:`, or name another "
                        + "supervisor by --url")
            }
            base = String(http.address.dropLast())
        }
        if let file = remote.tokenFile {
            let secret = try SecretFile.read(file)
            token = secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                .trimmingCharacters(in: .whitespacesAndNewlines)
        } else {
            token = try AccessTokens(options.stateDirectory).local()
        }
    }

    /// The body of a resource. Its path begins with `/v1/`.
    func get(_ path: String) async throws(ProcessFailure) -> Data {
        try await ask(path, taking: [200])
    }

    /// Asks for a change, and gives the answer's body: of one that was refused by a process too,
    /// since it says by which.
    func post(_ path: String, _ fields: [String: String]) async throws(ProcessFailure) -> Data {
        try await ask(path, fields, taking: [200, 409])
    }

    private func ask(
        _ path: String, _ fields: [String: String]? = nil, taking statuses: Set<UInt>
    ) async throws(ProcessFailure) -> Data {
        var request = HTTPClientRequest(url: base + path)
        if let fields {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: JSONText.encode(fields)))
        }
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.headers.add(name: "User-Agent", value: "bellwether")
        let (status, body): (UInt, Data)
        do {
            let answer = try await HTTPClient.shared.execute(
                request, timeout: ServiceClient.patience)
            status = answer.status.code
            let bytes = try await answer.body.collect(upTo: ServiceClient.answerMax)
            body = Data(bytes.readableBytesView)
        } catch {
            throw ProcessFailure(
                .unavailable, "no supervisor answers at \(base): is the cluster running?")
        }
        let detail = (try? JSONDecoder().decode(ServiceProblem.self, from: body))?.detail
        guard statuses.contains(status), status == 200 || detail == nil else {
            throw ProcessFailure(
                status >= 500 ? .unavailable : .refused,
                "\(base) answers \(status): \(detail ?? "no reason is given")")
        }
        return body
    }

    static func decode<Report: Decodable>(
        _ type: Report.Type, _ body: Data
    ) throws(ProcessFailure) -> Report {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw ProcessFailure(
                .refused,
                "the answer cannot be read; is the supervisor of another version? "
                    + "--json shows it")
        }
    }
}

/// Why the API refuses, of problem+json.
private struct ServiceProblem: Decodable {
    let detail: String
}
