import Trading

/// Two races that are decided at the end of the day.
extension SyntheticWorlds {
    private static let races = ["26GA", "26NC"]
    private static let houses = ["Alder", "Birch", "Cedar"]
    /// Seconds between polls, and from the field to the newspaper.
    private static let pollEvery = 2_700
    private static let pollDelay = 1_200
    /// What is left to err when all polls are in.
    private static let systematic = 0.02

    func politics() -> World {
        var world = World()
        for (index, race) in SyntheticWorlds.races.enumerated() {
            add(race, index, to: &world)
        }
        return world
    }

    private func add(_ race: String, _ index: Int, to world: inout World) {
        var random = random(1, index)
        let event = "KXSENATE-\(race)"
        let support = 0.5 + 0.015 * random.normal()
        let leans = SyntheticWorlds.houses.map { _ in 0.01 * random.normal() }
        // A week of polls is there when the day begins.
        for number in -9..<(seconds / SyntheticWorlds.pollEvery) {
            let house = random.below(leans.count)
            let size = 500 + 100 * random.below(8)
            let noise = 0.5 / Double(size).squareRoot() * random.normal()
            let field = number < 0 ? number * 64_800 : number * SyntheticWorlds.pollEvery
            let share = SyntheticWorlds.printed(support + leans[house] + noise, decimals: 3)
            world.rows.append(
                WorldRow(
                    source: "poll-list", kind: "poll", topic: event, event: moment(field),
                    ingest: moment(field + SyntheticWorlds.pollDelay), unit: "share",
                    values: [
                        ("share", min(0.95, max(0.05, share))), ("size", Double(size)),
                        ("days", 1),
                    ], names: [("house", SyntheticWorlds.houses[house])]))
        }
        let chance = SyntheticWorlds.normal((support - 0.5) / SyntheticWorlds.systematic)
        let isWon = support + SyntheticWorlds.systematic * random.normal() > 0.5
        for (party, wins) in [("D", true), ("R", false)] {
            let last = lastClose
            world.list(
                "\(event)-\(party)", of: event,
                "Will the \(party) candidate win the Senate race \(race)?", from: start,
                until: moment(last), pays: isWon == wins,
                path(&random, from: 0, to: last) { _ in wins ? chance : 1 - chance })
        }
    }
}
