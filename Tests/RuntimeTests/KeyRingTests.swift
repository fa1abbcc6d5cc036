import Cryptography
import Foundation
import Testing
import Trading

@testable import Runtime

@Suite struct KeyRingTests {
    private let folder =
        NSTemporaryDirectory() + "keys-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    private let process = ProcessID(name: ShortName("core") ?? .empty)

    private func withRing(_ body: (KeyRing, KeyFiles) throws -> Void) throws {
        let files = KeyFiles(root: folder)
        try StateDirectory.makeFolder(files.folder(of: process))
        try StateDirectory.makeFolder(files.publicFolder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(KeyRing(process: process, files: files, credentials: nil), files)
    }

    @Test func readsWhatWasWritten() throws {
        try withRing { ring, files in
            let key = try X25519PrivateKey.generate()
            try SecretFile.write(
                SecretBytes(Array("\(key.secret.hex)\n".utf8)), to: files.permit(process))
            try SecretFile.writePublic(
                Hex.encode(key.publicKey.bytes) + "\n", to: files.publicPermit(process))
            #expect(try ring.permitKey().publicKey == key.publicKey)
            #expect(try ring.publicPermitKey(of: process) == key.publicKey)
        }
    }

    @Test func refusesAKeyThatOthersCanRead() throws {
        try withRing { ring, files in
            let path = files.curve(process)
            try SecretFile.write(SecretBytes(Array("secret".utf8)), to: path)
            #expect(try ring.curveSecretText() == "secret")
            chmod(path, 0o640)
            let error = #expect(throws: ProcessFailure.self) { try ring.curveSecretText() }
            #expect(error?.code == .usage)
            #expect(error?.description.contains("mode 640") == true)
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test func missingKeyNamesTheFileAndTheCommand() throws {
        try withRing { ring, files in
            let error = #expect(throws: ProcessFailure.self) { try ring.permitKey() }
            #expect(error?.code == .usage)
            #expect(error?.description.contains(files.permit(process)) == true)
            #expect(error?.description.contains("supervisor keys init") == true)
        }
    }

    @Test func refusesWhatIsNoKeyWithoutShowingIt() throws {
        try withRing { ring, files in
            try SecretFile.write(
                SecretBytes(Array("not hex at all".utf8)), to: files.permit(process))
            let error = #expect(throws: ProcessFailure.self) { try ring.permitKey() }
            #expect(error?.description.contains("not hex") == false)
        }
    }

    @Test func neverOverwritesAKey() throws {
        try withRing { _, files in
            let path = files.curve(process)
            try SecretFile.write(SecretBytes(Array("first".utf8)), to: path)
            #expect(throws: ProcessFailure.self) {
                try SecretFile.write(SecretBytes(Array("second".utf8)), to: path)
            }
            #expect(try TextFile.read(path) == "first")
        }
    }

    @Test func credentialsOfSystemdComeFirst() throws {
        try withRing { _, files in
            let credentials = folder + "/credentials"
            try StateDirectory.makeFolder(credentials)
            try SecretFile.write(SecretBytes(Array("given".utf8)), to: credentials + "/curve.key")
            chmod(credentials + "/curve.key", 0o440)
            let ring = KeyRing(process: process, files: files, credentials: credentials)
            #expect(try ring.curveSecretText() == "given")
            chmod(credentials + "/curve.key", 0o444)
            #expect(throws: ProcessFailure.self) { try ring.curveSecretText() }
        }
    }
}
