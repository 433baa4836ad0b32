-- The station's store. `entry` is the ledger; every other table but `meta`, `account` and
-- `session` is a view of it and can be rebuilt from it.

-- name: schema
CREATE TABLE IF NOT EXISTS entry (
    seq       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    digest    TEXT NOT NULL,
    body      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS entry_is_not_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_not_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS passage (
    passage_id TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,
    recheck_of TEXT,
    view       BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS passage_by_seq ON passage (seq);
CREATE INDEX IF NOT EXISTS passage_by_recheck ON passage (recheck_of, seq)
    WHERE recheck_of IS NOT NULL;

CREATE TABLE IF NOT EXISTS joint_case (
    case_no   TEXT PRIMARY KEY,
    seq       INTEGER NOT NULL,
    opened_on TEXT NOT NULL,
    plate     TEXT NOT NULL,
    closed    INTEGER NOT NULL,
    view      BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS case_open ON joint_case (closed, seq);
CREATE INDEX IF NOT EXISTS case_by_plate ON joint_case (plate);
CREATE INDEX IF NOT EXISTS case_by_day ON joint_case (opened_on);

CREATE TABLE IF NOT EXISTS alarm (
    seq  INTEGER PRIMARY KEY,
    view BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS account (
    certificate_no TEXT PRIMARY KEY,
    view           BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS session (
    token_digest   TEXT PRIMARY KEY,
    certificate_no TEXT NOT NULL REFERENCES account,
    began_at       TEXT NOT NULL,
    seen_at        TEXT NOT NULL
) STRICT;
