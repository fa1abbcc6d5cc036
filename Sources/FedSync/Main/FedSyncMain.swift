import FedSync

@main enum FedSyncMain {
    static func main() {
        FedSyncProcess.main(Array(CommandLine.arguments.dropFirst()))
    }
}
