import Testing
import Trading
import Wire

@Suite struct LayoutTests {
    @Test func everyTemplateHasALayout() {
        #expect(messageLayouts.map(\.template) == WireTemplate.allCases.map(\.rawValue))
    }

    @Test(arguments: messageLayouts)
    func fieldsFollowEachOtherWithoutGaps(_ layout: MessageLayout) {
        var end = WireFrame.headerLength
        for field in layout.fields {
            #expect(field.offset == end, "\(layout.name).\(field.name)")
            end += field.form.size
        }
        #expect(end == WireFrame.headerLength + layout.blockLength)
        for group in layout.groups {
            var end = 0
            for field in group.fields {
                #expect(field.offset == end, "\(layout.name).\(group.name).\(field.name)")
                end += field.form.size
            }
            #expect(end == group.entryLength)
        }
    }

    @Test func enumerationsOfTradingHaveTheNumbersOfTheSchema() {
        #expect(values(of: Side.self) == sideValues)
        #expect(values(of: Mode.self) == modeValues)
        #expect(values(of: TimeInForce.self) == timeInForceValues)
        #expect(values(of: Liquidity.self) == liquidityValues)
        #expect(values(of: OrderState.self) == orderStateValues)
        #expect(values(of: FillFinality.self) == fillFinalityValues)
        #expect(values(of: InstrumentStatus.self) == instrumentStatusValues)
        #expect(values(of: SettlementOutcome.self) == settlementOutcomeValues)
    }

    @Test func valuesLoadedInPlaceHaveTheSizeOfTheirNumbers() {
        #expect(MemoryLayout<Price>.size == 8)
        #expect(MemoryLayout<Timestamp>.size == 8)
        #expect(MemoryLayout<OrderID>.size == 8)
        #expect(MemoryLayout<Digest>.size == 32)
        #expect(MemoryLayout<SignatureBytes>.size == 64)
    }

    private func values<Value: WireEnumeration>(of type: Value.Type) -> [EnumerationValue]
    where Value.RawValue == UInt8 {
        type.allCases.map { EnumerationValue(UInt64($0.rawValue), $0.wireName) }
    }
}
