import Glibc
import Runtime
import Trading

/// When a child that died is started again. Pure: the moments come in as arguments, in wall time,
/// so that what they say holds for the next supervisor too.
///
/// The first restart waits the configured delay, each further one within the window twice as long,
/// so that a child that cannot live does not burn the machine; the core itself counts its crashes
/// and comes up disarmed.
struct RestartPolicy: Sendable, Equatable {
    /// Deaths longer ago than this are forgotten.
    static let window = Span.seconds(600)
    /// The longest wait.
    static let delayMax = Span.seconds(30)

    private let delay: Span
    /// Within the window of the newest, in the order in which they came.
    private(set) var deaths: [Timestamp]
    private(set) var restarts = 0

    /// `deaths` are those that an earlier supervisor saw.
    init(delay: Span, deaths: [Timestamp] = []) {
        self.delay = delay
        self.deaths = deaths
    }

    /// The child died at `now`; how long to wait before it is started again.
    mutating func died(at now: Timestamp) -> Span {
        // A clock that went back forgets what it has not seen yet.
        deaths.removeAll { $0 > now || now - $0 > RestartPolicy.window }
        deaths.append(now)
        restarts += 1
        let doublings = min(deaths.count - 1, 10)
        return min(delay * (Int64(1) << Int64(doublings)), RestartPolicy.delayMax)
    }
}

/// The deaths of children, kept over the supervisor's own: one that is killed and started again
/// does not begin to restart a dying child at once.
///
/// A line a death: the process and the wall clock's nanoseconds. A clean stop removes the file;
/// losing it costs the memory of deaths and nothing else.
struct DeathRecord: Sendable {
    private static let linesMax = 256

    let path: String

    /// By process, in the order in which they came.
    func read() -> [ProcessID: [Timestamp]] {
        guard FileSystem.exists(path), let text = try? TextFile.read(path) else { return [:] }
        var deaths: [ProcessID: [Timestamp]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let name = ProcessID(words[0]), let at = Int64(words[1]) else {
                continue
            }
            deaths[name, default: []].append(Timestamp(nanoseconds: at))
        }
        return deaths
    }

    /// Replaces the file whole; false where it cannot be written.
    func write(_ deaths: [(name: ProcessID, deaths: [Timestamp])]) -> Bool {
        let lines = deaths.flatMap { entry in
            entry.deaths.map { "\(entry.name) \($0.nanoseconds)\n" }
        }
        let bytes = Array(lines.suffix(DeathRecord.linesMax).joined().utf8)
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0
        else { return false }
        return rename(draft, path) == 0
    }

    /// The cluster was stopped as asked: earlier deaths are over.
    func clear() { unlink(path) }
}
