import Foundation
import Testing
import Trading

@testable import Runtime

@Suite struct StateDirectoryTests {
    @Test func followsTheEnvironment() {
        #expect(
            StateDirectory.standard(environment: ["XDG_STATE_HOME": "/x"]).root == "/x/bellwether")
        #expect(StateDirectory.standard(environment: ["STATE_DIRECTORY": "/s/"]).root == "/s")
    }

    @Test func relativePathsBecomeAbsolute() {
        #expect(StateDirectory("a/b").root.hasPrefix("/"))
        #expect(StateDirectory("a/b").root.hasSuffix("/a/b"))
    }

    @Test func socketPathTooLongSaysWhatToDo() throws {
        let process = try #require(ProcessID("gw-kalshi"))
        let short = StateDirectory("/tmp/state")
        #expect(
            try short.socketAddress(of: process, .admin)
                == "ipc:///tmp/state/run/gw-kalshi.admin.sock")
        let long = StateDirectory("/" + String(repeating: "d", count: 100))
        let error = #expect(throws: StateError.self) {
            try long.socketAddress(of: process, .admin)
        }
        #expect(error?.description.contains("choose a shorter --state") == true)
    }

    @Test func foldersAreForTheirOwnerAlone() throws {
        let root = NSTemporaryDirectory() + "state-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let state = StateDirectory(root)
        let process = try #require(ProcessID("core"))
        try state.prepare(for: process)
        try state.prepare(for: process)
        for path in [state.root, state.run, state.logs, state.folder(of: process)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o700, "\(path)")
        }
    }
}
