import Trading

/// A figure that is published every six hours, in percent with one decimal.
extension SyntheticWorlds {
    private static let releaseEvery = 21_600
    private static let firstRelease = 10_800
    private static let surprise = 0.1
    private static let pastCount = 24

    func macro() -> World {
        var world = World()
        var random = random(2, 0)
        for past in 0..<SyntheticWorlds.pastCount {
            let consensus = consensus(&random)
            let published = (past - SyntheticWorlds.pastCount) * 86_400
            world.rows.append(
                figure("KXCPI", consensus, actual(consensus, &random), at: published))
        }
        var opens = 0
        for release in stride(
            from: SyntheticWorlds.firstRelease, to: lastClose,
            by: SyntheticWorlds.releaseEvery)
        {
            addRelease(at: release, opening: opens, &random, to: &world)
            opens = release
        }
        return world
    }

    private func addRelease(
        at release: Int, opening opens: Int, _ random: inout SimRandom, to world: inout World
    ) {
        let event = "KXCPI-\(SyntheticWorlds.day)H\(release / 3_600)"
        let consensus = consensus(&random)
        let actual = actual(consensus, &random)
        world.rows.append(
            WorldRow(
                source: "calendar", kind: "consensus", topic: event, event: moment(opens),
                ingest: moment(opens), unit: "percent",
                values: [("consensus", consensus), ("step", 0.1)]))
        // The public has an idea of the surprise before it comes.
        let idea = consensus + 0.3 * (actual - consensus)
        for offset in [-1.0, 0, 1] {
            let strike = SyntheticWorlds.printed(consensus + 0.1 * offset, decimals: 1)
            let chance = SyntheticWorlds.normal(
                (idea - strike - 0.05) / SyntheticWorlds.surprise)
            world.list(
                "\(event)-T\(strike)", of: event,
                "Will the figure be above \(strike) percent?", from: moment(opens),
                until: moment(release), pays: actual > strike + 0.01,
                path(&random, from: opens, to: release) { _ in chance })
        }
        world.rows.append(
            WorldRow(
                source: "statistics", kind: "release", topic: event, event: moment(release),
                ingest: moment(release + 2), unit: "percent", values: [("actual", actual)]))
        world.rows.append(figure("KXCPI", consensus, actual, at: release + 2))
    }

    private func figure(
        _ series: String, _ consensus: Double, _ actual: Double, at second: Int
    ) -> WorldRow {
        WorldRow(
            source: "statistics", kind: "figure", topic: series, event: moment(second),
            ingest: moment(second), unit: "percent",
            values: [("consensus", consensus), ("actual", actual), ("step", 0.1)])
    }

    private func consensus(_ random: inout SimRandom) -> Double {
        SyntheticWorlds.printed(0.3 + 0.1 * random.normal(), decimals: 1)
    }

    private func actual(_ consensus: Double, _ random: inout SimRandom) -> Double {
        SyntheticWorlds.printed(
            consensus + SyntheticWorlds.surprise * random.normal(), decimals: 1)
    }
}
