package import Trading
package import Wire

/// What operators state of the markets, as their YAML file says it: which event sets may be traded,
/// what was verified of them, and which hang together.
///
/// As strict as the configuration, and with the same messages.
package struct RegistryFile: Sendable, Equatable {
    /// More sets than this are refused.
    package static let setsMax = 4_096

    package let cluster: ShortName
    /// Grows with every change.
    package let version: UInt64
    package let sets: [RegistryEntry]
    /// Where the version stands, for messages.
    private let head: ConfigurationSection

    /// Reads and checks the text of a registry file.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        let value = try ConfigurationValue(yaml: yaml, file: file)
        let root = try ConfigurationSection(value, file: file, path: "")
        try root.allow("registry", "cluster", "version", "sets")
        _ = try root.integer("registry", in: 1...1)
        head = root
        cluster = try root.name("cluster")
        version = UInt64(try root.integer("version", in: 1...Int.max))
        var sets: [RegistryEntry] = []
        for section in try root.sections("sets", isRequired: true) {
            let entry = try RegistryEntry(section)
            if sets.contains(where: { $0.isSame(as: entry) }) {
                throw section.refusal("set", expected: "each set of a venue once")
            }
            sets.append(entry)
        }
        guard sets.count <= RegistryFile.setsMax else {
            throw root.refusal("sets", expected: "at most \(RegistryFile.setsMax) sets")
        }
        self.sets = sets
    }

    /// The error that says that the version is not what was expected.
    package func staleVersion(expected: String) -> ConfigurationError {
        head.refusal("version", expected: expected)
    }

    /// The error that says that the file is another cluster's.
    package func wrongCluster(expected: ShortName) -> ConfigurationError {
        head.refusal("cluster", expected: "\(expected)")
    }
}

/// What the registry says of one event set, or of all whose names begin so.
package struct RegistryEntry: Sendable, Equatable {
    package let statement: RegistrySet
    /// The buckets of events that may all go wrong together.
    package let links: [LongName]
    /// The rules that were reviewed; empty where none is demanded.
    package let rules: [Digest]

    init(_ section: ConfigurationSection) throws(ConfigurationError) {
        try section.allow(
            "venue", "set", "state", "exclusive", "exhaustive", "resolution", "resolves-at",
            "window", "source", "linked", "rules")
        let text = try section.text("set")
        let isPattern = text.hasSuffix("*")
        guard let name = EventSetID(isPattern ? String(text.dropLast()) : text) else {
            throw section.refusal(
                "set", expected: "a name of at most 32 of A-Z a-z 0-9 . _ -, or how it begins and *"
            )
        }
        let source: EventSetID = try section.longIdentifier("source")
        statement = RegistrySet(
            venue: try section.identifier("venue"), eventSet: name, isPattern: Flag(isPattern),
            state: try section.choice("state", of: RegistryEntry.states),
            isExclusive: Flag(try section.flag("exclusive", default: false)),
            isExhaustive: Flag(try section.flag("exhaustive", default: false)),
            resolution: try section.choice(
                "resolution", of: RegistryEntry.resolutions, default: .open),
            resolvesAt: try section.contains("resolves-at") ? section.moment("resolves-at") : .zero,
            window: try section.contains("window") ? section.duration("window") : .zero,
            source: source.name)
        links = try section.words("linked", max: 8, expected: "up to eight names in [ ]") {
            LongName($0)
        }
        rules = try section.words("rules", max: 64, expected: "up to 64 SHA-256 in hex in [ ]") {
            Digest(hex: String($0)).flatMap { $0 == .zero ? nil : $0 }
        }
        if statement.isExhaustive.isSet, !statement.isExclusive.isSet {
            throw section.refusal("exhaustive", expected: "only what is exclusive")
        }
    }

    func isSame(as other: RegistryEntry) -> Bool {
        (statement.venue, statement.eventSet) == (other.statement.venue, other.statement.eventSet)
            && statement.isPattern == other.statement.isPattern
    }

    private static let states: [(String, LifecycleState)] = [
        ("new", .new), ("tradable", .tradable), ("watch-only", .watchOnly),
        ("deprecated", .deprecated),
    ]
    private static let resolutions: [(String, ResolutionState)] = [
        ("open", .open), ("proposed", .proposed), ("disputed", .disputed),
    ]
}

extension ConfigurationSection {
    /// A list of different words; empty where the key is missing.
    fileprivate func words<Word: Equatable>(
        _ key: String, max: Int, expected: String, _ parse: (String) -> Word?
    ) throws(ConfigurationError) -> [Word] {
        guard let entry = entries.first(where: { $0.key == key }) else { return [] }
        guard case .list(let items, _) = entry.value, items.count <= max else {
            throw refusal(key, expected: expected)
        }
        var words: [Word] = []
        for item in items {
            guard case .scalar(let scalar) = item, let word = parse(scalar.text),
                !words.contains(word)
            else {
                throw ConfigurationError(
                    file: file, line: item.line, key: path.isEmpty ? key : "\(path).\(key)",
                    expected: "\(expected), each once", found: item.summary)
            }
            words.append(word)
        }
        return words
    }

    /// A moment in UTC: `2026-08-01T12:30:00Z`.
    fileprivate func moment(_ key: String) throws(ConfigurationError) -> Timestamp {
        guard let moment = Timestamp(configured: try text(key)) else {
            throw refusal(key, expected: "a moment in UTC such as 2026-08-01T12:30:00Z")
        }
        return moment
    }
}

extension Timestamp {
    /// Parses `2026-08-01T12:30:00Z`, from 1970 on; nil when it is anything else.
    init?(configured text: String) {
        let parts = text.split(omittingEmptySubsequences: false) { "-T:Z".contains($0) }
        let numbers = parts.prefix(6).compactMap { Int64($0) }
        guard text.utf8.count == 20, parts.count == 7, numbers.count == 6, numbers[0] >= 1970,
            numbers[0] <= 2200
        else { return nil }
        // Days from the civil date (Howard Hinnant, chrono-Compatible Low-Level Date Algorithms).
        let (year, month) = (numbers[1] <= 2 ? numbers[0] - 1 : numbers[0], numbers[1])
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + numbers[2] - 1
        let century = year % 400
        let days =
            year / 400 * 146_097 + century * 365 + century / 4 - century / 100 + dayOfYear
            - 719_468
        let seconds = days * 86_400 + numbers[3] * 3_600 + numbers[4] * 60 + numbers[5]
        self.init(seconds: seconds)
        // What does not come out as it went in, such as the 30th of February, is no moment.
        guard description == "\(text.dropLast()).000000000Z" else { return nil }
    }
}
