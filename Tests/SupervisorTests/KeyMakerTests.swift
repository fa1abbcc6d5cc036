import Cryptography
import Foundation
import Runtime
import Testing
import Trading

@testable import Supervisor

@Suite struct KeyMakerTests {
    @Test func makesEveryKeyForItsOwnerAloneAndOnlyOnce() throws {
        let scratch = try ScratchFolder()
        let files = KeyFiles(root: scratch.path + "/keys")
        var maker = KeyMaker(configuration: try sampleConfiguration(), files: files)
        try maker.run()
        #expect(maker.made.count == 30)
        for path in maker.made {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            let isPublic = path.hasPrefix(files.publicFolder)
            #expect(mode as? Int == (isPublic ? 0o644 : 0o600), "\(path)")
        }
        var again = KeyMaker(configuration: try sampleConfiguration(), files: files)
        try again.run()
        #expect(again.made.isEmpty)
    }

    @Test func theHalvesBelongTogether() throws {
        let scratch = try ScratchFolder()
        let files = KeyFiles(root: scratch.path)
        var maker = KeyMaker(configuration: try sampleConfiguration(), files: files)
        try maker.run()
        let core = KeyRing(process: Sample.core, files: files, credentials: nil)
        let gateway = KeyRing(process: Sample.gateway, files: files, credentials: nil)
        var seal = try PermitAuthenticator(
            own: core.permitKey(), peer: core.publicPermitKey(of: Sample.gateway),
            cluster: "c", gateway: "g")
        var check = try PermitAuthenticator(
            own: gateway.permitKey(), peer: gateway.publicPermitKey(of: Sample.core),
            cluster: "c", gateway: "g")
        let block = Array("permit".utf8)
        let code = seal.seal(block, range: 0..<block.count)
        let isVerified = check.verify(block, range: 0..<block.count, code: code)
        #expect(isVerified)
        #expect(
            try core.checkpointKey().publicKey == gateway.publicCheckpointKey(of: Sample.core))
    }

    @Test func bringsBackALostPublicKey() throws {
        let scratch = try ScratchFolder()
        let files = KeyFiles(root: scratch.path)
        var maker = KeyMaker(configuration: try sampleConfiguration(), files: files)
        try maker.run()
        let path = files.publicCurve(Sample.core)
        let before = try TextFile.read(path)
        unlink(path)
        var again = KeyMaker(configuration: try sampleConfiguration(), files: files)
        try again.run()
        #expect(again.made == [path])
        #expect(try TextFile.read(path) == before)
    }

    @Test func refusesHalvesThatDoNotBelongTogether() throws {
        let scratch = try ScratchFolder()
        let files = KeyFiles(root: scratch.path)
        var maker = KeyMaker(configuration: try sampleConfiguration(), files: files)
        try maker.run()
        unlink(files.publicPermit(Sample.core))
        try SecretFile.writePublic(
            try TextFile.read(files.publicPermit(Sample.gateway)),
            to: files.publicPermit(Sample.core))
        var again = KeyMaker(configuration: try sampleConfiguration(), files: files)
        #expect(throws: ProcessFailure.self) { try again.run() }
        unlink(files.permit(Sample.core))
        var third = KeyMaker(configuration: try sampleConfiguration(), files: files)
        let error = #expect(throws: ProcessFailure.self) { try third.run() }
        #expect(error?.description.contains("exists without") == true)
    }

    @Test func aPaperGatewayOfPolymarketGetsAWallet() throws {
        let scratch = try ScratchFolder()
        let files = KeyFiles(root: scratch.path)
        let paper = try sampleConfiguration(
            replacing: [("venue: kalshi", "venue: polymarket")])
        var maker = KeyMaker(configuration: paper, files: files)
        try maker.run()
        let secret = try TextFile.read(files.venue(Sample.gateway))
        let key = try Secp256k1PrivateKey(SecretBytes(hex: secret))
        let address = try TextFile.read(files.publicVenue(Sample.gateway))
        #expect(address == key.address.description + "\n")
        var again = KeyMaker(configuration: paper, files: files)
        try again.run()
        #expect(again.made.isEmpty)
    }

    @Test func aLiveAccountsKeyComesFromTheVenue() throws {
        let scratch = try ScratchFolder()
        let files = KeyFiles(root: scratch.path)
        let live = try sampleConfiguration(replacing: [
            (
                "mode: paper",
                "mode: live\nbuilds: [ \(String(repeating: "a5", count: 32)) ]"
            )
        ])
        var maker = KeyMaker(configuration: live, files: files)
        try maker.run()
        #expect(!FileSystem.exists(files.venue(Sample.gateway)))
        #expect(maker.notes.first?.contains("kalshi issued") == true)
    }
}
