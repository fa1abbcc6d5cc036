import GRDB

/// The tables of the trace store. A projection: when `version` rises, it is built anew.
enum TraceSchema {
    static let version = 2

    static let tables = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE orders (
            id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, at INTEGER NOT NULL,
            org TEXT NOT NULL, account TEXT NOT NULL, mode TEXT NOT NULL, strategy TEXT NOT NULL,
            agent TEXT NOT NULL, gateway TEXT NOT NULL, instrument TEXT NOT NULL,
            side INTEGER NOT NULL, price INTEGER NOT NULL, quantity INTEGER NOT NULL,
            fair INTEGER NOT NULL, edge INTEGER NOT NULL, confidence REAL NOT NULL,
            bid INTEGER NOT NULL, ask INTEGER NOT NULL, fate INTEGER NOT NULL,
            state TEXT NOT NULL, reason TEXT NOT NULL, changed_at INTEGER NOT NULL,
            filled INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0,
            fees INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX orders_org ON orders (org, id);
        CREATE INDEX orders_instrument ON orders (instrument, id);
        CREATE INDEX orders_state ON orders (state, id);
        CREATE INDEX orders_strategy ON orders (strategy, id);
        CREATE INDEX orders_changed ON orders (changed);
        CREATE TABLE step (
            order_id INTEGER NOT NULL, entry INTEGER NOT NULL, at INTEGER NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY (order_id, entry)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE fill (
            entry INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, at INTEGER NOT NULL,
            org TEXT NOT NULL, account TEXT NOT NULL, strategy TEXT NOT NULL,
            agent TEXT NOT NULL, instrument TEXT NOT NULL, side INTEGER NOT NULL,
            price INTEGER NOT NULL, quantity INTEGER NOT NULL, fee INTEGER NOT NULL,
            liquidity TEXT NOT NULL, trade TEXT NOT NULL, finality TEXT NOT NULL,
            markout_0 INTEGER, markout_1 INTEGER, markout_2 INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX fill_trade ON fill (order_id, trade);
        CREATE INDEX fill_org ON fill (org, entry);
        CREATE TABLE instrument (
            id TEXT PRIMARY KEY, entry INTEGER NOT NULL, title TEXT NOT NULL,
            venue TEXT NOT NULL, event TEXT NOT NULL, open_at INTEGER NOT NULL,
            close_at INTEGER NOT NULL, status TEXT NOT NULL, body BLOB NOT NULL,
            bid INTEGER NOT NULL DEFAULT 0, bid_quantity INTEGER NOT NULL DEFAULT 0,
            ask INTEGER NOT NULL DEFAULT 0, ask_quantity INTEGER NOT NULL DEFAULT 0,
            quoted_at INTEGER NOT NULL DEFAULT 0, is_stale INTEGER NOT NULL DEFAULT 0,
            mark_entry INTEGER NOT NULL DEFAULT 0, mark BLOB, settled_at INTEGER,
            outcome TEXT, value INTEGER, settlement BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX instrument_close ON instrument (close_at);
        CREATE TABLE note (
            entry INTEGER NOT NULL, ordinal INTEGER NOT NULL, at INTEGER NOT NULL,
            kind TEXT NOT NULL, org TEXT NOT NULL, text TEXT NOT NULL,
            PRIMARY KEY (entry, ordinal)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE equity (
            minute INTEGER NOT NULL, org TEXT NOT NULL, account TEXT NOT NULL,
            mode TEXT NOT NULL, strategy TEXT NOT NULL, realized INTEGER NOT NULL,
            unrealized INTEGER NOT NULL, fees INTEGER NOT NULL,
            PRIMARY KEY (minute, org, account, mode, strategy)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE score (
            org TEXT NOT NULL, account TEXT NOT NULL, mode TEXT NOT NULL,
            strategy TEXT NOT NULL, agent TEXT NOT NULL,
            requested INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
            prevented INTEGER NOT NULL DEFAULT 0, stale INTEGER NOT NULL DEFAULT 0,
            unanswered INTEGER NOT NULL DEFAULT 0, fills INTEGER NOT NULL DEFAULT 0,
            maker INTEGER NOT NULL DEFAULT 0, contracts INTEGER NOT NULL DEFAULT 0,
            notional INTEGER NOT NULL DEFAULT 0, fees INTEGER NOT NULL DEFAULT 0,
            edge INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,
            slippage INTEGER NOT NULL DEFAULT 0,
            gain_0 INTEGER NOT NULL DEFAULT 0, seen_0 INTEGER NOT NULL DEFAULT 0,
            gain_1 INTEGER NOT NULL DEFAULT 0, seen_1 INTEGER NOT NULL DEFAULT 0,
            gain_2 INTEGER NOT NULL DEFAULT 0, seen_2 INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (org, account, mode, strategy, agent)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE look (
            instrument TEXT NOT NULL, agent TEXT NOT NULL, org TEXT NOT NULL,
            at INTEGER NOT NULL, reason TEXT NOT NULL, fair INTEGER, edge INTEGER,
            bid INTEGER NOT NULL, bid_quantity INTEGER NOT NULL, ask INTEGER NOT NULL,
            ask_quantity INTEGER NOT NULL, quoted_at INTEGER NOT NULL,
            PRIMARY KEY (instrument, agent)
        ) STRICT, WITHOUT ROWID;
        """

    /// The tables that follow from the journal, in the order in which they are compared.
    static let projected = [
        "orders", "step", "fill", "instrument", "note", "equity", "score", "meta",
    ]
    /// All tables; the looks come from the agents.
    static let names = projected + ["look"]

    static func configuration(isReadOnly: Bool = false) -> Configuration {
        var configuration = Configuration()
        configuration.label = "traces"
        configuration.busyMode = .timeout(10)
        configuration.readonly = isReadOnly
        configuration.foreignKeysEnabled = false
        configuration.acceptsDoubleQuotedStringLiterals = false
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            guard !isReadOnly else { return }
            // What is lost with the power is read from the journal again.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        return configuration
    }
}
