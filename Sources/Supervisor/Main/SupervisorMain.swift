import Supervisor

@main enum SupervisorMain {
    static func main() async {
        await SupervisorProcess.main(Array(CommandLine.arguments.dropFirst()))
    }
}
