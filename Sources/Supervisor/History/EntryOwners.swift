import Trading
import Wire

/// Whose an entry of the core's journal is: the org of the agent or gateway that sent it, or of the
/// account that it names. Entries are taken in order, because the journal says who belongs to whom.
struct EntryOwners {
    private var agents: [ProcessID: Set<OrgID>] = [:]
    private var gateways: [ProcessID: Set<OrgID>] = [:]

    /// The one org that the entry concerns; nil for what concerns the firm or several.
    mutating func org(of entry: RecordedEntry) throws(WireError) -> OrgID? {
        if let judged = entry.judged { return only(agents[judged.agent]) }
        let command = entry.command
        switch entry.template {
        case .accountOpened:
            let opened = try AccountOpened(decoding: command)
            gateways[opened.gateway, default: []].insert(opened.org)
            return opened.org
        case .strategyGranted:
            let granted = try StrategyGranted(decoding: command)
            agents[granted.agent, default: []].insert(granted.org)
            return granted.org
        case .costMethodSet: return try CostMethodSet(decoding: command).org
        case .operatorPosting: return try OperatorPosting(decoding: command).org
        case .limitSet:
            let limit = try LimitSet(decoding: command)
            return [.org, .account, .strategy].contains(limit.level) ? limit.org : nil
        case .operatorCommand:
            let order = try OperatorCommand(decoding: command)
            return [.org, .account, .strategy].contains(order.scope) ? order.org : nil
        case .directiveGiven: return org(of: try GivenDirective(decoding: command).terms)
        case .agentConnected: return only(agents[try AgentConnected(decoding: command).agent])
        case .gatewayConnected:
            return only(gateways[try GatewayConnected(decoding: command).gateway])
        case .accountReconciled:
            return only(gateways[try AccountReconciled(decoding: command).gateway])
        default: return only(gateways[try WireFrame.envelope(of: command).sender])
        }
    }

    private func org(of terms: DirectiveTerms) -> OrgID? {
        switch terms.content {
        case .posting(let posting): posting.org
        case .override(let order): order.org
        case .capital(let move):
            move.fromOrg == move.toOrg && !move.fromOrg.isEmpty ? move.fromOrg : nil
        case .order(let order, _):
            [.org, .account, .strategy].contains(order.scope) ? order.org : nil
        }
    }

    private func only(_ orgs: Set<OrgID>?) -> OrgID? { orgs?.count == 1 ? orgs?.first : nil }
}
