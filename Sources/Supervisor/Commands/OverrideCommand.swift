import ArgumentParser
import Runtime
import Trading

/// Lets one order past a limit that denied it.
struct OverrideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "override",
        abstract: "Lets an order that was denied past the limit that denied it, once.",
        discussion: "Names a denied order; the next one with exactly its strategy, instrument, "
            + "side, price and quantity may pass that limit, and no other, within the hour. It "
            + "takes the quorum of operators. Halts, arming, identity, cash and what the venue "
            + "could not take are never overridden, and the gateway's own last line still stands.\n"
            + "Example: supervisor override 42 --reason \"hedge of the desk\" --out 42.json")

    @Argument(help: "The denied order's number, as `orders` lists it.")
    var order: UInt64

    @OptionGroup var options: ConsoleOptions
    @OptionGroup var signature: SignatureOptions
    @OptionGroup var quorum: QuorumOptions

    func validate() throws {
        guard !signature.reason.isEmpty else {
            throw ValidationError("--reason: say why the order should pass")
        }
    }

    func run() async throws {
        await SupervisorCommand.perform {
            try await Steering(options: options, signature: signature).override(
                OrderID(order), quorum)
        }
    }
}
