-- The log over all entries, the register of keys, and entries by month.

-- from_seq, until_seq, revoked_from_seq: see central/domain/keys.py.
CREATE TABLE node_key (
    node             text        NOT NULL REFERENCES node,
    key_id           text        NOT NULL,
    alg              text        NOT NULL,
    public_key       bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    from_seq         bigint      NOT NULL CHECK (from_seq > 0),
    until_seq        bigint,
    revoked_from_seq bigint,
    reason           text        NOT NULL DEFAULT '',
    enrolled_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, key_id)
);
INSERT INTO node_key (node, key_id, alg, public_key, from_seq)
SELECT node, left(encode(sha256(public_key), 'hex'), 16), 'ed25519', public_key, 1 FROM node;

-- last_position: in the log, of the node's newest entry; 0 before the first.
-- own: the centre's own ledger.
ALTER TABLE node DROP COLUMN public_key;
ALTER TABLE node ADD COLUMN last_position bigint NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN own boolean NOT NULL DEFAULT false;
-- position: leaf index in the log plus one. received_ms: milliseconds since 1970, as in the leaf.
-- What is unique, the log's lock and each node's watermark keep so: one writer at a time appends.
CREATE TEMPORARY TABLE entry_before_months AS SELECT * FROM entry;
DROP TABLE entry;
CREATE TABLE entry (
    node        text        NOT NULL,
    seq         bigint      NOT NULL CHECK (seq > 0),
    position    bigint      NOT NULL CHECK (position > 0),
    kind        text        NOT NULL,
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),
    body        bytea       NOT NULL,
    signature   bytea       NOT NULL,
    received_ms bigint      NOT NULL,
    received_at timestamptz NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX entry_node_seq ON entry (node, seq);
CREATE INDEX entry_position ON entry (position);
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE entry FORCE ROW LEVEL SECURITY;
CREATE POLICY entry_is_read ON entry FOR SELECT USING (true);
CREATE POLICY entry_is_appended ON entry FOR INSERT WITH CHECK (true);
CREATE TRIGGER entry_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_append_only;
REVOKE UPDATE, DELETE, TRUNCATE ON entry FROM PUBLIC, CURRENT_USER;

-- Makes the partition of a month when it is not there, with every guard of the whole table: a
-- statement that names the partition itself meets them too.
CREATE FUNCTION make_entry_month(first date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month text := 'entry_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass(month) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF entry FOR VALUES FROM (%L) TO (%L)',
        month, first::timestamp AT TIME ZONE 'UTC',
        (first + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', month);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', month);
    EXECUTE format(
        'CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', month);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER entry_append_only', month);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, CURRENT_USER', month);
END
$$;

SELECT make_entry_month(month::date)
  FROM (SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC') AS month
          FROM entry_before_months) AS months;
-- The order stays; numbers that were lost with a batch that failed do not.
INSERT INTO entry
SELECT node, seq, row_number() OVER (ORDER BY position), kind, digest, body, signature,
       (extract(epoch FROM received_at) * 1000)::bigint, received_at
  FROM entry_before_months ORDER BY position;
DROP TABLE entry_before_months;
UPDATE node SET last_position =
       coalesce((SELECT max(position) FROM entry WHERE entry.node = node.node), 0);

-- size: leaves; peaks: roots of the full subtrees, largest first. One row, and the lock of whoever
-- appends.
CREATE TABLE log (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    size   bigint  NOT NULL CHECK (size >= 0),
    peaks  bytea[] NOT NULL
);
INSERT INTO log (size, peaks) VALUES (0, '{}');

-- Roots of the full blocks of 256 leaves (level 1), of 256 such blocks (level 2), and so on.
CREATE TABLE log_block (
    level  smallint NOT NULL CHECK (level > 0),
    number bigint   NOT NULL CHECK (number >= 0),
    root   bytea    NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (level, number)
);

-- note: the signed note (检查点), cosignatures of witnesses included.
CREATE TABLE checkpoint (
    log_size bigint      PRIMARY KEY,
    root     bytea       NOT NULL CHECK (octet_length(root) = 32),
    at       timestamptz NOT NULL,
    note     text        NOT NULL
);

-- How far each of the workers that follow the log has come.
CREATE TABLE progress (
    worker   text   PRIMARY KEY,
    position bigint NOT NULL
);

-- New entries of a node whose older ones still wait; they come again in their order.
CREATE TABLE ahead (
    node        text        NOT NULL REFERENCES node,
    seq         bigint      NOT NULL,
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),
    body        bytea       NOT NULL,
    signature   bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (node, seq)
);

-- Clear text of personal fields (个人信息): no part of the ledger, and erasable.
CREATE TABLE opening (
    node  text   NOT NULL REFERENCES node,
    seq   bigint NOT NULL,
    field text   NOT NULL,
    salt  text   NOT NULL,
    text  text   NOT NULL,
    PRIMARY KEY (node, seq, field)
);

-- Programs that may weigh (准用程序清单), as the newest list says; empty: no list was published.
CREATE TABLE legal_id (
    legal_id text PRIMARY KEY,
    first_on date NOT NULL,
    last_on  date
);

-- released_by: the first of the two persons who let a node deliver again (解除隔离).
CREATE TABLE quarantine_release (
    node        text        PRIMARY KEY REFERENCES node,
    reason      text        NOT NULL,
    proposed_by text        NOT NULL,
    proposed_at timestamptz NOT NULL
);

ALTER TABLE quarantine DROP CONSTRAINT quarantine_reason_check;
ALTER TABLE quarantine ADD CONSTRAINT quarantine_reason_check
    CHECK (reason IN ('fork', 'bad_signature', 'malformed', 'poison', 'key_not_good'));
