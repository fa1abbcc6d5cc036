import ArgumentParser
import Journal
import Runtime
import Trading
import Wire

/// Lists the latest orders.
struct OrdersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders", abstract: "Lists the latest orders from the core's journal.")

    @OptionGroup var options: ConsoleOptions

    @OptionGroup var remote: RemoteOptions

    @Option(name: .long, help: "How many; at most \(TraceFilter.limitMax) with --url.")
    var last = 50

    @Option(name: .long, help: "Of one instrument only.")
    var instrument: InstrumentName?

    func validate() throws {
        guard (1...1_000_000).contains(last) else {
            throw ValidationError("--last: expected a number from 1 to 1000000, found \(last)")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            if remote.isRemote { try await listRemote() } else { try await list() }
        }
    }

    private func listRemote() async throws {
        guard last <= TraceFilter.limitMax else {
            throw ProcessFailure(
                .usage, "--last: at most \(TraceFilter.limitMax) orders are asked for with --url")
        }
        let only = instrument.map { "&instrument=\($0.id)" } ?? ""
        let body = try await ServiceClient(remote, options).get("/v1/orders?limit=\(last)\(only)")
        let page = try ServiceClient.decode(TracePage<OrderSummary>.self, body)
        let orders = page.items.reversed().map(OrderReport.init)
        show(orders, "the latest \(orders.count) orders")
    }

    private func show(_ orders: [OrderReport], _ note: String) {
        let terminal = Terminal()
        if options.json { return terminal.line(JSONText.encode(orders)) }
        let rows = [OrderReport.header] + orders.map(\.cells)
        for line in Columns.lines(rows, right: [0, 6, 7, 8, 9]) { terminal.line(line) }
        terminal.note(note)
    }

    private func list() async throws {
        var orders = OrderList(capacity: last, instrument: instrument?.id)
        try await JournalAccess(options).walk { entry in try orders.take(entry) }
        let latest = orders.latest.map(OrderReport.init)
        show(latest, "\(latest.count) of \(orders.total) orders")
    }
}

/// An order of the list for programs.
struct OrderReport: Codable, Sendable, Equatable {
    let order: UInt64
    let at: String
    let agent: String
    let strategy: String
    let instrument: String
    let side: String
    let price: String
    let quantity: String
    let filled: String
    let fees: String
    let state: String
    let reason: String

    init(_ line: OrderList.Line) {
        order = line.order.rawValue
        at = line.at.description
        agent = line.agent.description
        strategy = line.strategy.description
        instrument = line.instrument.description
        side = line.side.description
        price = line.price.description
        quantity = line.quantity.description
        filled = line.filled.description
        fees = line.fees.description
        state = line.state.description
        reason = line.reason
    }

    /// An order as the API lists it.
    init(_ summary: OrderSummary) {
        order = UInt64(clamping: summary.order)
        at = summary.at
        agent = summary.agent
        strategy = summary.strategy
        instrument = summary.instrument
        side = summary.side
        price = summary.price
        quantity = summary.quantity
        filled = summary.filled
        fees = summary.fees
        state = summary.state
        reason = summary.reason
    }
}

/// Says why an order was made, what became of it and what it came to.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explains one order: signal, model, edge, controls, permit, route, fills, PnL.",
        discussion: "From the core's journal, running or stopped; with --url from the traces of a "
            + "running supervisor, of this machine or of another.\n"
            + "Example: supervisor explain 12 --url https://desk.example --token-file desk.token")

    @Argument(help: "The order's number, as `orders` lists it.")
    var order: UInt64

    @OptionGroup var service: ServiceOptions

    func run() async throws {
        if service.remote.isRemote {
            return await service.show("/v1/orders/\(order)/explain", as: Explanation.self) {
                $0.lines
            }
        }
        await SupervisorCommand.perform { try await explain(service.options) }
    }

    private func explain(_ options: ConsoleOptions) async throws {
        var story = OrderStory(order: OrderID(order))
        try await JournalAccess(options).walk { entry in try story.take(entry) }
        let markouts = TraceFile(options).markouts(of: OrderID(order))
        guard let explanation = Explanation(story, markouts: markouts) else {
            throw ProcessFailure(
                .refused, "the journal has no order \(order): see `supervisor orders`")
        }
        let terminal = Terminal()
        if options.json {
            terminal.line(JSONText.encode(explanation))
        } else {
            for line in explanation.lines { terminal.line(line) }
        }
    }
}

/// The core's journal, from the core while it runs, else from its file.
struct JournalAccess {
    private let options: ConsoleOptions

    init(_ options: ConsoleOptions) { self.options = options }

    func walk(_ body: (RecordedEntry) throws -> Void) async throws {
        let configuration = try options.configuration()
        let state = options.stateDirectory
        let path = state.journal(of: configuration.core.name)
        if try await followed(configuration, state, body) { return }
        guard FileSystem.exists(path) else {
            throw ProcessFailure(
                .unavailable, "the core does not run and there is no journal at \(path)")
        }
        try await FileJournal(path: path).walk(from: SequenceNumber(1)) { entry in
            try body(RecordedEntry(entry))
        }
    }

    /// Whether the core answered; nothing has been walked when it did not.
    private func followed(
        _ configuration: ClusterConfiguration, _ state: StateDirectory,
        _ body: (RecordedEntry) throws -> Void
    ) async throws -> Bool {
        let core = configuration.core.name
        guard
            FileSystem.exists("\(state.run)/\(core).admin.sock")
                || configuration.core.endpoint != .ipc
        else { return false }
        let session = try ConsoleSession(configuration: configuration, state: state)
        let console = try session.links(to: [core])
        defer { console.close() }
        do throws(AdminError) {
            _ = try await console.status(of: core, patience: .seconds(1))
        } catch {
            return false
        }
        try await FollowedJournal(console: console, owner: core).walk(from: SequenceNumber(1)) {
            entry in try body(RecordedEntry(entry))
        }
        return true
    }
}
