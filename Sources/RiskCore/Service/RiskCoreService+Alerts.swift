import Risk
import Runtime
import Trading
import Transport
import Wire

/// The dead-man of the alert path: a cluster that can tell nobody takes no new risk.
///
/// Measured in monotonic time, since it is about processes; what changes is journalled, so that
/// replay sees it where the core saw it.
extension RiskCoreService {
    /// The supervisor says that its alerts reach somebody.
    func alertsAreHeard() {
        guard let patience = configuration.alertsDegradeAfter else { return }
        alertsDeadAt = clock.monotonic + patience
        changeAlertPath(isDead: false)
    }

    /// Notices that nobody has said so for too long; where nobody has to, that it does not matter.
    func watchAlerts() {
        guard let alertsDeadAt else { return changeAlertPath(isDead: false) }
        if clock.monotonic >= alertsDeadAt { changeAlertPath(isDead: true) }
    }

    private func changeAlertPath(isDead: Bool) {
        guard engine.isAlertPathDead != isDead else { return }
        apply(own: AlertPathChanged(isDead: Flag(isDead)))
    }
}
