import Glibc
package import Trading

/// A poll of a race between two parties.
package struct RacePoll: Sendable, Equatable {
    package let race: String
    /// What the race is for; errors differ between them.
    package let office: String
    package let house: String
    /// The first candidate's share of the two, in 0...1.
    package let share: Double
    package let sampleSize: Double
    /// Days until the election.
    package let daysLeft: Double

    package init(
        race: String, office: String, house: String, share: Double, sampleSize: Double,
        daysLeft: Double
    ) {
        self.race = race
        self.office = office
        self.house = house
        self.share = share
        self.sampleSize = sampleSize
        self.daysLeft = daysLeft
    }
}

/// Support in many races from polls: a poll counts for its size up to a cap and less with its age,
/// what is left of the houses' leans and of the electorate is a deviation of the office, and shared
/// by all races of a day, which makes them hang together.
package struct RaceModel: OutcomeModel {
    /// How an office's polls err, in shares of the two candidates.
    package struct OfficeTerms: Sendable, Equatable, Codable {
        /// Deviation that no number of polls takes away.
        package var systematic: Double
        /// Deviation of a single poll beyond its sample.
        package var house: Double
        /// Polls are drawn to even by this many polls' worth.
        package var pull: Double

        package init(systematic: Double, house: Double, pull: Double) {
            self.systematic = systematic
            self.house = house
            self.pull = pull
        }
    }

    /// What a fit finds.
    package struct Terms: Sendable, Equatable, Codable {
        package var offices: [String: OfficeTerms]
        /// Deviation of support over one day.
        package var walk: Double
        package var designEffect: Double

        package init(
            offices: [String: OfficeTerms], walk: Double = 0.004, designEffect: Double = 1.5
        ) {
            self.offices = offices
            self.walk = walk
            self.designEffect = designEffect
        }
    }

    /// The weighted polls of a race.
    package struct Race: Sendable, Equatable, Codable {
        package var office: String
        package var polls: [WeighedPoll] = []
    }

    /// One poll as the model keeps it.
    package struct WeighedPoll: Sendable, Equatable, Codable {
        package let house: String
        package let share: Double
        package let daysLeft: Double
        package let sampleVariance: Double
    }

    package let terms: Terms
    package let parameters: ParameterSet
    package private(set) var state: [String: Race] = [:]

    package static let pollsMax = 200

    package init(_ terms: Terms, window: ClosedRange<Int64>? = nil) {
        self.terms = terms
        var list: [ParameterSet.Parameter] = [
            .init("walk", .number(terms.walk)),
            .init("designEffect", .number(terms.designEffect)),
        ]
        for (office, values) in terms.offices.sorted(by: { $0.key < $1.key }) {
            list.append(.init("\(office) systematic", .number(values.systematic)))
            list.append(.init("\(office) house", .number(values.house)))
            list.append(.init("\(office) pull", .number(values.pull)))
        }
        parameters = ParameterSet(model: "race 1", window: window, list)
    }

    package func restored(_ state: [String: Race]) -> RaceModel {
        var copy = self
        copy.state = state
        return copy
    }

    package mutating func learn(_ poll: RacePoll, at event: Timestamp) throws(ModelRefusal) {
        guard poll.share > 0, poll.share < 1 else {
            throw .implausible("\(poll.race): a share of \(poll.share)")
        }
        guard terms.offices[poll.office] != nil else {
            throw .implausible("\(poll.race): no parameters for `\(poll.office)`")
        }
        guard poll.daysLeft >= 0 else {
            throw .implausible("\(poll.race): a poll after the election")
        }
        var race = state[poll.race] ?? Race(office: poll.office)
        let size = min(3_000, max(100, poll.sampleSize))
        let variance = terms.designEffect * poll.share * (1 - poll.share) / size
        race.polls.append(
            WeighedPoll(
                house: poll.house, share: poll.share, daysLeft: poll.daysLeft,
                sampleVariance: variance))
        if race.polls.count > RaceModel.pollsMax { race.polls.removeFirst() }
        state[poll.race] = race
    }

    /// The first candidate's expected share on election day and the deviation of that.
    package func share(of race: String) -> (mean: Double, deviation: Double, polls: Int)? {
        guard let race = state[race], let office = terms.offices[race.office] else { return nil }
        var (weight, sum) = (0.0, 0.0)
        for (index, poll) in race.polls.enumerated() {
            // Several polls of one house share its lean and so count for less.
            let same = race.polls.filter { $0.house == poll.house }.count
            let variance =
                poll.sampleVariance + office.house * office.house * Double(same)
                + terms.walk * terms.walk * poll.daysLeft
            precondition(variance > 0, "poll \(index) of a race has no variance")
            weight += 1 / variance
            sum += poll.share / variance
        }
        guard weight > 0 else { return nil }
        let typical = office.house * office.house + 0.25 * terms.designEffect / 600
        let pull = office.pull / typical
        let mean = (sum + 0.5 * pull) / (weight + pull)
        let variance = 1 / (weight + pull) + office.systematic * office.systematic
        return (mean, variance.squareRoot(), race.polls.count)
    }

    package func forecast(_ race: String, at moment: Timestamp) -> OutcomeForecast {
        guard let (mean, deviation, polls) = share(of: race) else {
            return OutcomeForecast(
                yes: 0.5, logitDeviation: 2, contributions: [Contribution("polls", 0)])
        }
        let z = (mean - 0.5) / deviation
        let probability = min(1 - 1e-6, max(1e-6, NormalDistribution.cumulative(z)))
        // The error that no poll shows is the doubt about the probability itself.
        let doubt = 0.25 * NormalDistribution.density(z) * abs(z)
        return OutcomeForecast(
            probabilities: [probability, 1 - probability], deviations: [doubt, doubt],
            contributions: [
                Contribution("support beyond half", mean - 0.5),
                Contribution("deviation", deviation), Contribution("polls", Double(polls)),
            ])
    }
}
