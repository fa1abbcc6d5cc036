import Foundation

/// The dashboard's files, which are part of the binary. They hold no data: what the page shows it
/// asks the API for, with the token that the operator gave it.
enum DashboardAssets {
    /// No inline script or style, nothing from elsewhere, in nobody's frame.
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    static func asset(at path: String) -> APIReply? {
        switch path {
        case "/": reply(PackageResources.dashboard_html, "text/html; charset=utf-8")
        case "/dashboard.css": reply(PackageResources.dashboard_css, "text/css; charset=utf-8")
        case "/dashboard.js": reply(PackageResources.dashboard_js, "text/javascript; charset=utf-8")
        case "/openapi.json": reply(PackageResources.openapi_json, "application/json")
        default: nil
        }
    }

    private static func reply(_ bytes: [UInt8], _ type: String) -> APIReply {
        var reply = APIReply(200, type, .bytes(bytes))
        reply.headers["Cache-Control"] = "no-cache"
        return reply
    }
}
