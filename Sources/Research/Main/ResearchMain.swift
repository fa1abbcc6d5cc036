import Research

@main enum ResearchMain {
    static func main() {
        ResearchProcess.main(Array(CommandLine.arguments.dropFirst()))
    }
}
