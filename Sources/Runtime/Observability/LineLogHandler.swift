package import Logging

/// Formats an event as one line of `key=value` pairs, so that logs can be read and searched alike:
/// `2026-07-24T00:00:01.377Z info core event="lease granted" gateway=gw-kalshi lease=3`.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let sink: LogSink

    package init(label: String, level: Logger.Level, sink: LogSink) {
        self.label = label
        self.logLevel = level
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        sink.write(
            LineLogHandler.line(
                at: "\(WallClock.now())", level: event.level, label: label,
                message: "\(event.message)",
                pairs: metadata.merging(event.metadata ?? [:]) { _, new in new }
                    .merging(event.error.map { ["error": "\($0)"] } ?? [:]) { _, new in new }))
    }

    /// The line, with its pairs in the order of their keys.
    static func line(
        at time: String, level: Logger.Level, label: String, message: String,
        pairs: Logger.Metadata
    ) -> String {
        var line = "\(time) \(level) \(label) event=\(quoted(message))"
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(quoted("\(value)"))"
        }
        return line
    }

    /// A value is quoted where it is not one plain word; line ends and quotes are escaped.
    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x7F }
        if isPlain { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            default: text.unicodeScalars.append(scalar.value < 0x20 ? " " : scalar)
            }
        }
        return text + "\""
    }
}

/// Sets up logging for a process, once.
package enum LogBootstrap {
    /// Every logger writes to `sink` from `level` on.
    package static func install(sink: LogSink, level: Logger.Level) {
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, level: level, sink: sink) }
    }
}
