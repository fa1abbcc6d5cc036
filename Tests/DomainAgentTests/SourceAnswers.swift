/// Answers in the forms that public sources document, cut to a few rows; the numbers are made up.
enum SourceAnswers {
    /// `GET /gridpoints/{wfo}/{x},{y}/forecast` of api.weather.gov.
    static let forecast = """
        {"@context":["https://geojson.org/geojson-ld/geojson-context.jsonld",{"@version":"1.1",
        "wx":"https://api.weather.gov/ontology#"}],"type":"Feature","geometry":{"type":"Polygon",
        "coordinates":[[[-74.02,40.77],[-74.01,40.79],[-73.99,40.78],[-74.02,40.77]]]},
        "properties":{"units":"us","forecastGenerator":"BaselineForecastGenerator",
        "generatedAt":"2025-12-09T12:01:22+00:00","updateTime":"2025-12-09T11:20:10+00:00",
        "validTimes":"2025-12-09T05:00:00+00:00/P8DT1H",
        "elevation":{"unitCode":"wmoUnit:m","value":2.1},"periods":[
        {"number":1,"name":"Today","startTime":"2025-12-09T07:00:00-05:00",
        "endTime":"2025-12-09T18:00:00-05:00","isDaytime":true,"temperature":38,
        "temperatureUnit":"F","temperatureTrend":"","probabilityOfPrecipitation":
        {"unitCode":"wmoUnit:percent","value":0},"windSpeed":"6 mph","windDirection":"NW",
        "shortForecast":"Sunny","detailedForecast":"Sunny, with a high near 38."},
        {"number":2,"name":"Tonight","startTime":"2025-12-09T18:00:00-05:00",
        "endTime":"2025-12-10T06:00:00-05:00","isDaytime":false,"temperature":31,
        "temperatureUnit":"F","temperatureTrend":null,"shortForecast":"Clear"},
        {"number":3,"name":"Wednesday","startTime":"2025-12-10T06:00:00-05:00",
        "endTime":"2025-12-10T18:00:00-05:00","isDaytime":true,"temperature":45,
        "temperatureUnit":"F","temperatureTrend":null,"shortForecast":"Chance Rain"}]}}
        """

    /// `GET /stations/{id}/observations/latest` of api.weather.gov.
    static let observation = """
        {"@context":["https://geojson.org/geojson-ld/geojson-context.jsonld"],
        "id":"https://api.weather.gov/stations/KNYC/observations/2025-12-10T01:51:00+00:00",
        "type":"Feature","geometry":{"type":"Point","coordinates":[-73.98,40.77]},
        "properties":{"@type":"wx:ObservationStation","elevation":{"unitCode":"wmoUnit:m",
        "value":27},"station":"https://api.weather.gov/stations/KNYC",
        "timestamp":"2025-12-10T01:51:00+00:00","textDescription":"Clear",
        "temperature":{"unitCode":"wmoUnit:degC","value":3.5,"qualityControl":"V"},
        "dewpoint":{"unitCode":"wmoUnit:degC","value":-6.1,"qualityControl":"V"},
        "maxTemperatureLast24Hours":{"unitCode":"wmoUnit:degC","value":null}}}
        """

    /// A scoreboard as sites of sports serve it.
    static let scoreboard = """
        {"leagues":[{"id":"28","abbreviation":"NFL"}],"events":[
        {"id":"401772988","date":"2026-02-08T23:30Z","name":"A at B","season":{"year":2025,
        "type":3},"competitions":[{"id":"401772988","neutralSite":true,"competitors":[
        {"id":"26","homeAway":"home","team":{"abbreviation":"SEA"},"score":"9"},
        {"id":"17","homeAway":"away","team":{"abbreviation":"NE"},"score":"0"}]}],
        "status":{"clock":312.0,"displayClock":"5:12","period":2,"type":{"id":"2",
        "name":"STATUS_IN_PROGRESS","state":"in","completed":false}}},
        {"id":"401999999","date":"2026-02-09T23:30Z","season":{"year":2025},"competitions":[
        {"neutralSite":false,"competitors":[{"team":{"abbreviation":"X"},"score":"0"},
        {"team":{"abbreviation":"Y"},"score":"0"}]}],"status":{"clock":0.0,"period":0,
        "type":{"state":"pre"}}}]}
        """

    /// A list of polls, the newest first.
    static let polls = """
        {"version":"1","polls":[
        {"race":"GA-SEN","pollster":"Birch","end_date":"2026-10-09","sample_size":1200,
        "dem":48.0,"rep":44.0},
        {"race":"TX-SEN","pollster":"Birch","end_date":"2026-10-08","sample_size":900,
        "dem":44.0,"rep":49.0},
        {"race":"GA-SEN","pollster":"Alder","end_date":"2026-10-01","sample_size":"812",
        "dem":47,"rep":47}]}
        """

    /// A calendar of releases.
    static let calendar = """
        {"schema":2,"releases":[
        {"series":"CPI","reference":"2026-07","release_at":"2026-08-12T08:30:00-04:00",
        "updated_at":"2026-08-10T09:00:00-04:00","consensus":0.3,"actual":null,"unit":"%"},
        {"series":"PPI","reference":"2026-07","release_at":"2026-08-13T08:30:00-04:00",
        "updated_at":"2026-08-10T09:00:00-04:00","consensus":0.2,"actual":null,"unit":"%"}]}
        """
}
