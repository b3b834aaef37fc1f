-- Integers that are unsigned 64-bit numbers in the program are stored as the signed number with the same bits.

CREATE TABLE trades (
    n        INTEGER PRIMARY KEY,              -- order of creation; what the other tables refer to
    id       BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    version  INTEGER NOT NULL,
    open     INTEGER NOT NULL CHECK (open IN (0, 1)),
    wake_at  INTEGER,
    snapshot BLOB NOT NULL                     -- last, since it is long
) STRICT;
-- Start-up reads the open trades in order of creation, whatever number of closed ones lies between them.
CREATE INDEX trades_open ON trades (open) WHERE open = 1;

-- The audit trail: the input that made each version.
CREATE TABLE inputs (
    trade   INTEGER NOT NULL REFERENCES trades (n),
    version INTEGER NOT NULL,
    input   BLOB NOT NULL,
    UNIQUE (trade, version)
) STRICT;

-- Effects that were decided and whose outcome is not yet known.
CREATE TABLE outbox (
    n      INTEGER PRIMARY KEY,                -- order of decision
    trade  INTEGER NOT NULL REFERENCES trades (n),
    seq    INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    effect BLOB NOT NULL,
    UNIQUE (trade, seq, place)
) STRICT;

-- No payment hash serves two trades in the same way.
CREATE TABLE hashes (
    n     INTEGER PRIMARY KEY,                 -- order of binding
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    use   INTEGER NOT NULL,
    trade INTEGER NOT NULL REFERENCES trades (n),
    UNIQUE (hash, use)
) STRICT;

-- Signed events and wraps, word for word. Their trade need not exist (yet), so it is kept by id.
CREATE TABLE documents (
    n             INTEGER PRIMARY KEY,         -- order of keeping
    id            BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    kind          INTEGER NOT NULL,
    author        BLOB NOT NULL CHECK (length(author) = 32),
    created_at    INTEGER NOT NULL,
    trade         BLOB,
    made_by_trade BLOB,
    made_by_seq   INTEGER,
    made_by_place INTEGER,
    held_for      BLOB,
    json          TEXT NOT NULL
) STRICT;
CREATE INDEX documents_of_trade ON documents (trade) WHERE trade IS NOT NULL;
CREATE INDEX documents_of_kind ON documents (kind);
CREATE INDEX documents_made_by ON documents (made_by_trade, made_by_seq, made_by_place) WHERE made_by_trade IS NOT NULL;
CREATE INDEX documents_held ON documents (held_for) WHERE held_for IS NOT NULL;

-- Bytes that the vault has encrypted; written once.
CREATE TABLE sealed (
    name  TEXT NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
