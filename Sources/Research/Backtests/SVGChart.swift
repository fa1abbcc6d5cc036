import Foundation

/// A chart as inline SVG: lines, dots and bars over one pair of axes. Nothing is loaded from
/// anywhere, so that a report is one file.
struct SVGChart {
    struct Line {
        let label: String
        let style: String
        let points: [(x: Double, y: Double)]
        /// Steps from point to point, for what holds until the next one.
        var isStepped = false
    }

    struct Dots {
        let label: String
        let style: String
        let points: [(x: Double, y: Double)]
    }

    var title: String
    var unit: String
    var lines: [Line] = []
    var dots: [Dots] = []
    /// Named places of the x axis; empty for seconds.
    var categories: [String] = []

    private static let width = 720.0
    private static let height = 240.0
    private static let left = 70.0
    private static let right = 12.0
    private static let top = 10.0
    private static let bottom = 28.0

    var svg: String {
        let points = lines.flatMap(\.points) + dots.flatMap(\.points)
        guard let frame = Frame(points) else {
            return "<figure><figcaption>\(SVGChart.escape(title))</figcaption>"
                + "<p class=\"none\">nothing to show</p></figure>"
        }
        var parts = grid(frame)
        for line in lines { parts.append(path(line, frame)) }
        for group in dots {
            for point in group.points {
                let (x, y) = (number(frame.x(point.x)), number(frame.y(point.y)))
                parts.append("<circle class=\"\(group.style)\" cx=\"\(x)\" cy=\"\(y)\" r=\"3\"/>")
            }
        }
        let box = "0 0 \(number(SVGChart.width)) \(number(SVGChart.height))"
        return "<figure><figcaption>\(SVGChart.escape(title))\(legend)</figcaption>"
            + "<svg viewBox=\"\(box)\" role=\"img\" aria-label=\"\(SVGChart.escape(title))\">"
            + parts.joined() + "</svg></figure>"
    }

    private var legend: String {
        let names = lines.map { ($0.label, $0.style) } + dots.map { ($0.label, $0.style) }
        guard Set(names.map(\.1)).count > 1 else { return "" }
        return names.map {
            " <span class=\"key \($0.1)\">■ \(SVGChart.escape($0.0))</span>"
        }.joined()
    }

    private func grid(_ frame: Frame) -> [String] {
        var parts: [String] = []
        for step in 0...4 {
            let value = frame.low + (frame.high - frame.low) * Double(step) / 4
            let y = number(frame.y(value))
            parts.append(
                "<line class=\"grid\" x1=\"\(number(SVGChart.left))\" "
                    + "x2=\"\(number(SVGChart.width - SVGChart.right))\" y1=\"\(y)\" y2=\"\(y)\"/>"
                    + "<text class=\"end\" x=\"\(number(SVGChart.left - 6))\" y=\"\(y)\">"
                    + "\(label(value, frame.high - frame.low))</text>")
        }
        let marks =
            categories.isEmpty
            ? (0...4).map { frame.start + (frame.end - frame.start) * Double($0) / 4 }
            : categories.indices.map(Double.init)
        for (index, mark) in marks.enumerated() {
            let text =
                categories.isEmpty
                ? BacktestOutcome.duration(mark) : SVGChart.escape(categories[Int(mark)])
            let anchor = index == 0 ? "start" : index == marks.count - 1 ? "last" : "mid"
            parts.append(
                "<text class=\"\(anchor)\" x=\"\(number(frame.x(mark)))\" "
                    + "y=\"\(number(SVGChart.height - 8))\">\(text)</text>")
        }
        return parts
    }

    private func path(_ line: Line, _ frame: Frame) -> String {
        var text = ""
        var lastY = 0.0
        for (index, point) in line.points.enumerated() {
            let (x, y) = (frame.x(point.x), frame.y(point.y))
            if index > 0, line.isStepped { text += "L\(number(x)) \(number(lastY))" }
            text += (index == 0 ? "M" : "L") + "\(number(x)) \(number(y))"
            lastY = y
        }
        return "<path class=\"\(line.style)\" d=\"\(text)\"/>"
    }

    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    /// As many decimals as the span of the axis needs.
    private func label(_ value: Double, _ span: Double) -> String {
        let decimals = max(0, min(9, Int((1 - log10(max(span, 1e-12))).rounded(.up))))
        return String(format: "%.\(decimals)f", value) + unit
    }

    static func escape(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;")
            .replacingOccurrences(of: "\"", with: "&quot;")
    }

    /// The ranges of both axes and the way from a value to a place.
    private struct Frame {
        let start: Double
        let end: Double
        let low: Double
        let high: Double

        init?(_ points: [(x: Double, y: Double)]) {
            guard let first = points.first else { return nil }
            var (start, end, low, high) = (first.x, first.x, first.y, first.y)
            for point in points {
                (start, end) = (min(start, point.x), max(end, point.x))
                (low, high) = (min(low, point.y), max(high, point.y))
            }
            // A flat line lies in the middle of a range around it.
            let around = high > low ? (high - low) * 0.05 : max(abs(high) * 0.01, 1e-6)
            self.start = start
            self.end = end > start ? end : start + 1
            self.low = low - around
            self.high = high + around
        }

        func x(_ value: Double) -> Double {
            let width = SVGChart.width - SVGChart.left - SVGChart.right
            return SVGChart.left + (value - start) / (end - start) * width
        }
        func y(_ value: Double) -> Double {
            let height = SVGChart.height - SVGChart.top - SVGChart.bottom
            return SVGChart.top + (high - value) / (high - low) * height
        }
    }
}
