// swift-tools-version: 6.2
import PackageDescription

/// The pure targets of the decision and their tests, which need nothing from outside: what the long
/// comparison with the oracle builds for release, in a minute.
let decision = ["Trading", "Wire", "Portfolio", "Risk", "TestSupport", "RiskTests"]
let isDecisionOnly = Context.environment["BELLWETHER_DECISION_ONLY"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ]
    + (isDecisionOnly
        ? []
        : [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))])

/// Packages from outside, at exact versions because no lock file is committed.
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A library target. `dependencies` is the whole truth about what it may import.
func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

/// A process: a library at `Sources/<Name>` that tests and the simulation can link, and a thin
/// executable at `Sources/<Name>/Main`, because an executable target cannot be linked.
func process(
    _ name: String, _ dependencies: [Target.Dependency], embedding files: [String] = []
) -> [Target] {
    [
        .target(
            name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: ["Main"],
            resources: files.map { .embedInCode($0) }, swiftSettings: settings),
        .executableTarget(
            name: "\(name)Main",
            dependencies: [.target(name: name), "Runtime", "Trading", argumentParser],
            path: "Sources/\(name)/Main", swiftSettings: settings),
    ]
}

/// A test target. `data` names its folders of fixtures, which are read from their place in the
/// sources.
func tests(_ name: String, _ dependencies: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies + ["TestSupport"], exclude: data,
        swiftSettings: settings)
}

/// The processes and the binaries that they become.
let binaries = [
    ("Supervisor", "supervisor"), ("DomainAgent", "domain-agent"), ("RiskCore", "risk-core"),
    ("ExecutionGateway", "execution-gateway"), ("SimVenue", "sim-venue"),
    ("Research", "research"), ("FedSync", "fed-sync"),
]

let pure: [Target] = [
    library("Trading"),
    library("Wire", ["Trading"], exclude: ["Schema"]),
    library("Portfolio", ["Trading"]),
    library("Risk", ["Trading", "Wire", "Portfolio"]),
    library("Execution", ["Trading", "Wire"]),
    library("Signals", ["Trading", "Execution"]),
    library("MarketSim", ["Trading"]),
    library("Federation", ["Trading", "Wire", "Cryptography"]),
]

let capabilities: [Target] = [
    .systemLibrary(
        name: "CZeroMQ", pkgConfig: "libzmq", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(
        name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
        name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // Not `Crypto`: swift-crypto, which async-http-client's dependencies pull in, has that name.
    library("Cryptography", ["COpenSSL", "CSecp256k1"]),
    library("Transport", ["Trading", "Wire", "CZeroMQ"]),
    library("Journal", ["Trading", "Cryptography", grdb, sqlite]),
    library(
        "Venues",
        [
            "Trading", "Execution", "Cryptography", asyncHTTPClient, nioCore, nioHTTP1, nioPosix,
            nioSSL, nioWebSocket, logging,
        ]),
    library(
        "Runtime",
        [
            "Trading", "Wire", "Transport", "Cryptography", "CLinux", "CZlib", argumentParser,
            yams, logging,
        ]),
]

let processes: [Target] =
    process(
        "RiskCore",
        [
            "Trading", "Wire", "Risk", "Portfolio", "Journal", "Transport", "Cryptography",
            "Runtime", histogram, logging,
        ])
    + process(
        "ExecutionGateway",
        [
            "Trading", "Wire", "Execution", "Venues", "Journal", "Transport", "Cryptography",
            "Runtime", logging,
        ])
    + process(
        "DomainAgent",
        [
            "Trading", "Wire", "Signals", "Execution", "Transport", "Runtime", "Cryptography",
            logging, asyncHTTPClient, nioCore, nioHTTP1,
        ])
    + process(
        "SimVenue",
        [
            "Trading", "MarketSim", "Cryptography", "Runtime", nioCore, nioHTTP1, nioPosix,
            nioWebSocket, logging,
        ])
    + process(
        "Research",
        [
            "Trading", "Wire", "Portfolio", "Risk", "Execution", "Signals", "MarketSim",
            "DomainAgent", "Runtime", "Journal", "Cryptography", argumentParser,
        ])
    + process(
        "FedSync",
        [
            "Trading", "Wire", "Federation", "Journal", "Transport", "Cryptography", "Runtime",
            argumentParser, logging,
        ])
    + process(
        "Supervisor",
        [
            "Trading", "Wire", "Risk", "Portfolio", "Journal", "Transport", "Cryptography",
            "Runtime", argumentParser, subprocess, logging, grdb, httpTypes, hummingbird,
            nioCore, nioHTTP1, asyncHTTPClient,
        ],
        embedding: ["dashboard.html", "dashboard.css", "dashboard.js", "openapi.json"].map {
            "Dashboard/\($0)"
        })

let harness: [Target] = [
    .target(
        name: "TestSupport", dependencies: ["Trading"], path: "Tests/TestSupport",
        swiftSettings: settings),
    .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
    .executableTarget(
        name: "Bench",
        dependencies: [
            "Trading", "Wire", "Risk", "Journal", "Transport", "Cryptography", "Runtime",
            "MarketSim", "CAllocations", argumentParser, grdb,
        ],
        path: "Benchmarks/Bench", swiftSettings: settings),
    tests("Trading", ["Trading"], data: ["Fixtures"]),
    tests("Wire", ["Trading", "Wire"], data: ["Golden"]),
    tests("Portfolio", ["Trading", "Portfolio"], data: ["Fixtures"]),
    tests("Risk", ["Trading", "Wire", "Portfolio", "Risk"], data: ["Fixtures"]),
    tests("Execution", ["Trading", "Wire", "Execution", "MarketSim"], data: ["Fixtures"]),
    tests("Signals", ["Trading", "Execution", "Signals"], data: ["Fixtures"]),
    tests("MarketSim", ["Trading", "MarketSim"], data: ["Fixtures"]),
    tests(
        "Federation", ["Trading", "Wire", "Cryptography", "Federation"], data: ["Fixtures"]),
    tests("Cryptography", ["Cryptography"], data: ["Fixtures"]),
    tests("Transport", ["Trading", "Wire", "Transport", "CZeroMQ"]),
    tests("Journal", ["Trading", "Cryptography", "Journal", grdb]),
    tests(
        "Venues",
        [
            "Trading", "Execution", "Cryptography", "Venues", logging, nioCore, nioHTTP1, nioPosix,
            nioWebSocket,
        ], data: ["Fixtures"]),
    tests("Runtime", ["Trading", "Wire", "Cryptography", "Runtime"]),
    tests(
        "RiskCore",
        [
            "Trading", "Wire", "Portfolio", "Risk", "Journal", "Transport", "Cryptography",
            "RiskCore", "Runtime", logging, grdb,
        ]),
    tests(
        "ExecutionGateway",
        [
            "Trading", "Wire", "Execution", "Venues", "Transport", "Cryptography",
            "ExecutionGateway", "Journal", "Runtime", logging,
        ]),
    tests(
        "DomainAgent",
        [
            "Trading", "Wire", "Signals", "Execution", "Transport", "Cryptography", "DomainAgent",
            "MarketSim", "Runtime", logging, nioCore, nioPosix,
        ]),
    tests(
        "SimVenue",
        [
            "Trading", "MarketSim", "SimVenue", "Cryptography", "Venues", "Execution", "Runtime",
            logging,
        ], data: ["Fixtures"]),
    tests(
        "Research",
        [
            "Trading", "Wire", "Signals", "MarketSim", "Cryptography", "Research", "Runtime",
        ]),
    tests(
        "Supervisor",
        [
            "Trading", "Wire", "Risk", "Journal", "Transport", "Cryptography", "Supervisor",
            "Runtime", argumentParser, logging, httpTypes, hummingbird, nioCore,
        ]),
    tests(
        "FedSync",
        [
            "Trading", "Wire", "Federation", "Journal", "Cryptography", "Transport", "FedSync",
            "Runtime", logging,
        ]),
    tests(
        "Cluster",
        ["Trading", "Wire", "Cryptography", "Journal", "Transport", "Runtime", "CZeroMQ"]),
]

let everything = pure + capabilities + processes + harness

let package = Package(
    name: "bellwether",
    products: isDecisionOnly
        ? []
        : binaries.map { .executable(name: $0.1, targets: ["\($0.0)Main"]) }
            + [.executable(name: "bench", targets: ["Bench"])],
    dependencies: isDecisionOnly
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
            .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
            .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
            .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
            .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
            .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
            .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
            .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
            .package(
                url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
            .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
            .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
            .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
        ],
    targets: isDecisionOnly
        ? everything.filter { decision.contains($0.name) } : everything
)
