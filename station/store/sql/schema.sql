-- The station's store. `entry` is the ledger and `centre_entry` the centre's as far as it was
-- pulled; `opening`, `centre_opening`, `receipt` and `set_aside` are kept beside them. `passage`, `joint_case`,
-- `case_act`, `case_filing`, `clip`, `driver_answer`, `evasion`, `document`, `alarm`, `recording` and `centre_view` are views and can be
-- rebuilt from the ledgers. `meta`, `account`, `account_state`, `account_unconfirmed`, `refused_access` and `session` stand for themselves.

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
-- An entry leaves the ledger only by being kept beside it.
DROP TRIGGER IF EXISTS entry_is_not_deleted;
CREATE TRIGGER IF NOT EXISTS entry_is_kept BEFORE DELETE ON entry
WHEN NOT EXISTS (SELECT 1 FROM set_aside WHERE set_aside.digest = OLD.digest
                                           AND set_aside.body = OLD.body)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What penalises follows from the ledger itself, whoever writes to it: see decision 0026.
CREATE INDEX IF NOT EXISTS entry_case_act
    ON entry (json_extract(CAST(body AS TEXT), '$.payload.case_no')) WHERE kind = 'case_act';
CREATE VIEW IF NOT EXISTS act AS
SELECT seq, json_extract(CAST(body AS TEXT), '$.payload.case_no') AS case_no,
       json_extract(CAST(body AS TEXT), '$.payload.act') AS act
  FROM entry
 WHERE kind = 'case_act';
CREATE TRIGGER IF NOT EXISTS act_has_two_officers BEFORE INSERT ON entry
WHEN NEW.kind = 'case_act'
     AND coalesce(json_extract(CAST(NEW.body AS TEXT), '$.payload.act'), '')
         NOT IN ('take_effect', 'bar')
     AND (json_array_length(CAST(NEW.body AS TEXT), '$.payload.officers') IS NOT 2
          OR json_extract(CAST(NEW.body AS TEXT), '$.payload.officers[0]')
             IS json_extract(CAST(NEW.body AS TEXT), '$.payload.officers[1]'))
BEGIN SELECT RAISE(ABORT, 'an act needs two officers'); END;
CREATE TRIGGER IF NOT EXISTS penalty_follows_notice BEFORE INSERT ON entry
WHEN NEW.kind = 'case_act'
     AND json_extract(CAST(NEW.body AS TEXT), '$.payload.act') = 'decide'
BEGIN
    SELECT RAISE(ABORT, 'notice and hearing come before a decision')
     WHERE NOT EXISTS (
           SELECT 1 FROM act told JOIN act heard ON heard.case_no = told.case_no
            WHERE told.case_no = json_extract(CAST(NEW.body AS TEXT), '$.payload.case_no')
              AND told.act = 'notify' AND heard.seq > told.seq
              AND heard.act IN ('hear', 'waive', 'hold_hearing', 'review'));
    SELECT RAISE(ABORT, 'a case is decided once')
     WHERE EXISTS (SELECT 1 FROM act
                    WHERE case_no = json_extract(CAST(NEW.body AS TEXT), '$.payload.case_no')
                      AND act = 'decide');
END;
CREATE TRIGGER IF NOT EXISTS effect_follows_the_centre BEFORE INSERT ON entry
WHEN NEW.kind = 'case_act'
     AND json_extract(CAST(NEW.body AS TEXT), '$.payload.act') IN ('take_effect', 'bar')
BEGIN
    SELECT RAISE(ABORT, 'the centre has not said so')
     WHERE NOT EXISTS (
           SELECT 1 FROM centre_entry
            WHERE seq = json_extract(CAST(NEW.body AS TEXT), '$.payload.details.centre_seq')
              AND kind = CASE json_extract(CAST(NEW.body AS TEXT), '$.payload.act')
                         WHEN 'bar' THEN 'decision_barred' ELSE 'decision_in_force' END
              AND json_extract(CAST(body AS TEXT), '$.payload.case_no')
                  = json_extract(CAST(NEW.body AS TEXT), '$.payload.case_no'));
END;
CREATE TRIGGER IF NOT EXISTS service_follows_effect BEFORE INSERT ON entry
WHEN NEW.kind = 'case_act'
     AND json_extract(CAST(NEW.body AS TEXT), '$.payload.act')
         IN ('serve', 'pay', 'defer', 'demand', 'apply_to_court')
BEGIN
    SELECT RAISE(ABORT, 'the decision has no effect yet')
     WHERE NOT EXISTS (SELECT 1 FROM act
                        WHERE case_no = json_extract(CAST(NEW.body AS TEXT), '$.payload.case_no')
                          AND act = 'take_effect');
END;

-- Entries that the centre does not hold: another branch of this ledger, kept for ever.
CREATE TABLE IF NOT EXISTS set_aside (
    digest    TEXT PRIMARY KEY,
    seq       INTEGER NOT NULL,
    body      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS set_aside_is_not_changed BEFORE UPDATE ON set_aside
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS set_aside_is_not_deleted BEFORE DELETE ON set_aside
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- Clear text of personal fields: erasable, and checked against the entry whenever it is read.
CREATE TABLE IF NOT EXISTS opening (
    seq   INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt  TEXT NOT NULL,
    text  TEXT NOT NULL,
    PRIMARY KEY (seq, field)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS set_aside_opening (
    digest TEXT NOT NULL REFERENCES set_aside,
    field  TEXT NOT NULL,
    salt   TEXT NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (digest, field)
) STRICT, WITHOUT ROWID;

-- What the centre signed for, all of it; two that contradict each other are kept both. `log`
-- counts the logs: after a contradiction, which an entry tells of, another one begins.
CREATE TABLE IF NOT EXISTS receipt (
    seq        INTEGER NOT NULL,
    log_size   INTEGER NOT NULL,
    root       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    leaf_index INTEGER NOT NULL,
    at         TEXT NOT NULL,
    key_id     TEXT NOT NULL,
    sig        TEXT NOT NULL,
    log        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (seq, log_size, root, digest, leaf_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS centre_entry (
    seq       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    digest    TEXT NOT NULL,
    body      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS centre_entry_is_not_changed BEFORE UPDATE ON centre_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
DROP TRIGGER IF EXISTS centre_entry_is_not_deleted;
CREATE TRIGGER IF NOT EXISTS centre_entry_is_kept BEFORE DELETE ON centre_entry
WHEN NOT EXISTS (SELECT 1 FROM centre_set_aside WHERE centre_set_aside.digest = OLD.digest
                                                  AND centre_set_aside.body = OLD.body)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE INDEX IF NOT EXISTS centre_entry_of_keys ON centre_entry (seq)
    WHERE kind IN ('key_rotate', 'key_revoked');

-- Entries of the centre's own ledger that it has no more, kept for ever.
CREATE TABLE IF NOT EXISTS centre_set_aside (
    digest    TEXT PRIMARY KEY,
    seq       INTEGER NOT NULL,
    body      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS centre_set_aside_is_not_changed BEFORE UPDATE ON centre_set_aside
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS centre_set_aside_is_not_deleted BEFORE DELETE ON centre_set_aside
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What drivers of this station's cases wrote, beside the centre's entries that commit to it; erasable.
CREATE TABLE IF NOT EXISTS centre_opening (
    seq   INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt  TEXT NOT NULL,
    text  TEXT NOT NULL,
    PRIMARY KEY (seq, field)
) STRICT, WITHOUT ROWID;

-- What the centre's ledger comes to. `topic` is the kind of entry it comes from; `name` tells the
-- things of one topic apart; `plate` is '' where there is none.
CREATE TABLE IF NOT EXISTS centre_view (
    topic TEXT NOT NULL,
    name  TEXT NOT NULL,
    plate TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    view  BLOB NOT NULL,
    PRIMARY KEY (topic, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS centre_view_by_plate ON centre_view (plate, topic, seq)
    WHERE plate <> '';

CREATE TABLE IF NOT EXISTS meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Kept in the order of `seq`: a list needs no index of its own. (A file that was made before that has
-- one, and serves as well.)
CREATE TABLE IF NOT EXISTS passage (
    passage_id TEXT NOT NULL UNIQUE,
    seq        INTEGER PRIMARY KEY,
    recheck_of TEXT,
    view       BLOB NOT NULL
) STRICT;
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

-- Cases whose decision the centre has not answered (待中心确认).
CREATE TABLE IF NOT EXISTS case_waiting (case_no TEXT PRIMARY KEY) STRICT;

-- Which entries are acts of which case, and the local day of each.
CREATE TABLE IF NOT EXISTS case_act (
    seq      INTEGER PRIMARY KEY,
    case_no  TEXT NOT NULL,
    acted_on TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS case_act_by_case ON case_act (case_no, seq);
CREATE INDEX IF NOT EXISTS case_act_by_day ON case_act (acted_on);

-- Which other entries belong to the file of which case: prints, signatures, recordings, and why
-- there is none.
CREATE TABLE IF NOT EXISTS case_filing (
    case_no TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (case_no, seq)
) STRICT, WITHOUT ROWID;

-- Clips that were taken in, by the entry that says so: none is taken in twice.
CREATE TABLE IF NOT EXISTS clip (
    sha256 TEXT PRIMARY KEY,
    seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS clip_by_seq ON clip (seq);

-- What officers answered to what drivers asked, by the centre's entry that says what that was.
CREATE TABLE IF NOT EXISTS driver_answer (
    request_seq INTEGER PRIMARY KEY,
    case_no     TEXT NOT NULL,
    view        BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS evasion (
    evasion_no TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,
    opened_on  TEXT NOT NULL,
    closed     INTEGER NOT NULL,
    view       BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS evasion_open ON evasion (closed, seq);
CREATE INDEX IF NOT EXISTS evasion_by_day ON evasion (opened_on);

-- Documents issued, by the entry that says so, and how often each was printed.
CREATE TABLE IF NOT EXISTS document (
    seq     INTEGER PRIMARY KEY,
    number  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    year    INTEGER NOT NULL,
    case_no TEXT NOT NULL,
    prints  INTEGER NOT NULL DEFAULT 0,
    view    BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS document_by_number ON document (number);
CREATE INDEX IF NOT EXISTS document_by_kind ON document (kind, year);
CREATE INDEX IF NOT EXISTS document_by_case ON document (case_no, seq);

CREATE TABLE IF NOT EXISTS alarm (
    seq  INTEGER PRIMARY KEY,
    view BLOB NOT NULL
) STRICT;

-- Every recording that an entry names, up to the entry that `meta` says (recordings_indexed): the
-- newest entry and local day that do, whether a case refers to it, and the media_erased entry after
-- which it is gone.
CREATE TABLE IF NOT EXISTS recording (
    sha256     TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,
    made_on    TEXT NOT NULL,
    of_case    INTEGER NOT NULL,
    erased_seq INTEGER
) STRICT, WITHOUT ROWID;
-- With seq, so that new ones stand side by side: by day alone their digests would scatter them.
DROP INDEX IF EXISTS recording_due;
CREATE INDEX IF NOT EXISTS recording_by_day ON recording (made_on, seq)
    WHERE of_case = 0 AND erased_seq IS NULL;
CREATE INDEX IF NOT EXISTS recording_by_seq ON recording (seq) WHERE erased_seq IS NULL;
CREATE INDEX IF NOT EXISTS recording_erased ON recording (erased_seq)
    WHERE erased_seq IS NOT NULL;

CREATE TABLE IF NOT EXISTS account (
    certificate_no TEXT PRIMARY KEY,
    view           BLOB NOT NULL
) STRICT;

-- last_step: whose one-time code was taken last. wrong_codes: in a row, after the right password.
-- revoked: 1: no account, no session.
CREATE TABLE IF NOT EXISTS account_state (
    certificate_no TEXT PRIMARY KEY REFERENCES account,
    last_step      INTEGER NOT NULL DEFAULT -1,
    wrong_codes    INTEGER NOT NULL DEFAULT 0,
    revoked        INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Made, and no account before the security administrator confirms it.
CREATE TABLE IF NOT EXISTS account_unconfirmed (
    certificate_no TEXT PRIMARY KEY REFERENCES account
) STRICT;

-- One row for what was refused alike on one local day: nobody fills the disk with refusals.
-- who: certificate number of an account there is, or ''. what: method and path's pattern.
-- why: stable code, or reason of a refused sign-in. last_from: address of the newest.
CREATE TABLE IF NOT EXISTS refused_access (
    day       TEXT NOT NULL,
    who       TEXT NOT NULL,
    what      TEXT NOT NULL,
    why       TEXT NOT NULL,
    times     INTEGER NOT NULL,
    first_at  TEXT NOT NULL,
    last_at   TEXT NOT NULL,
    last_from TEXT NOT NULL,
    PRIMARY KEY (day, who, what, why)
) STRICT;

CREATE TABLE IF NOT EXISTS session (
    token_digest   TEXT PRIMARY KEY,
    certificate_no TEXT NOT NULL REFERENCES account,
    began_at       TEXT NOT NULL,
    seen_at        TEXT NOT NULL
) STRICT;

-- name: receipt_columns
SELECT name FROM pragma_table_info('receipt');

-- name: add_receipt_log
-- For a file that was made before there was the column.
ALTER TABLE receipt ADD COLUMN log INTEGER NOT NULL DEFAULT 0;

-- name: index_receipts
DROP INDEX IF EXISTS receipt_by_size;
CREATE INDEX IF NOT EXISTS receipt_by_log ON receipt (log, log_size);
