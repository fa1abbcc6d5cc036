package import Trading
package import Wire

/// What both sides of a link say of themselves when a session opens, and what each demands of the
/// other: a program of the wrong build, or one that read other terms, gets no session.
///
/// The build is what a process says of itself. It catches the server that was forgotten in a
/// roll-out (Knight Capital 2012, SEC 34-70694), not an attacker.
package struct LinkAdmission: Sendable, Hashable {
    /// SHA-256 of this process's executable; zero where it is not stated.
    package let build: Digest
    /// What a peer and this side must have read alike, by peer; a peer without is not asked.
    package let terms: [ProcessID: Digest]
    /// The builds that a peer with terms may be of; empty for any.
    package let builds: Set<Digest>

    /// States nothing and demands nothing.
    package static let open = LinkAdmission(build: .zero, terms: [:], builds: [])

    package init(build: Digest, terms: [ProcessID: Digest], builds: Set<Digest>) {
        self.build = build
        self.terms = terms
        self.builds = builds
    }

    /// What is said to a peer of the terms that both have read.
    func terms(with peer: ProcessID) -> Digest { terms[peer] ?? .zero }

    /// Why a peer that says this of itself gets no session; nil where it gets one.
    func objection(to peer: ProcessID, build: Digest, terms stated: Digest) -> String? {
        guard let expected = terms[peer] else { return nil }
        guard stated == expected else {
            return "\(peer) goes by other terms: is its program of this version, and its"
                + " configuration file the same?"
        }
        guard builds.isEmpty || builds.contains(build) else {
            return "\(peer) is of build \(build), which `builds` does not list"
        }
        return nil
    }
}
