import Foundation
import Testing

@testable import Supervisor

/// What deploy/ asks Prometheus for must be what the supervisor tells it.
@Suite struct MonitoringFilesTests {
    private func file(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Every metric of ours that a text names.
    private func metrics(in text: String) -> Set<String> {
        Set(text.matches(of: /bellwether_[a-z_]+/).map { String($0.output) })
    }

    @Test(arguments: [
        "deploy/prometheus/bellwether.rules.yml", "deploy/grafana/bellwether.json", "docs/KPIS.md",
    ])
    func namesOnlyMetricsThatExist(path: String) throws {
        let named = metrics(in: try file(path))
        let known = Set(MetricsText.families.map(\.name))
        #expect(named.count > 5)
        #expect(named.subtracting(known).isEmpty, "\(named.subtracting(known))")
    }

    @Test func theDashboardOfGrafanaIsOne() throws {
        let data = Data(try file("deploy/grafana/bellwether.json").utf8)
        let board = try #require(
            JSONSerialization.jsonObject(with: data) as? [String: Any])
        let panels = try #require(board["panels"] as? [[String: Any]])
        #expect(panels.count > 8)
        for panel in panels {
            let targets = try #require(panel["targets"] as? [[String: Any]])
            #expect(targets.allSatisfy { ($0["expr"] as? String)?.isEmpty == false })
        }
    }
}
