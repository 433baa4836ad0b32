-- The register of nodes, their entries, and what was refused or could not be read.

CREATE TABLE node (
    node           text        PRIMARY KEY,
    name           text        NOT NULL,
    road           text        NOT NULL,
    public_key     bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    last_seq       bigint      NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    last_digest    bytea       NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
                               CHECK (octet_length(last_digest) = 32),
    last_entry_at  timestamptz,
    quarantined_at timestamptz
);

-- position: the order in which the centre accepted entries of all nodes.
CREATE TABLE entry (
    node        text        NOT NULL REFERENCES node,
    seq         bigint      NOT NULL CHECK (seq > 0),
    position    bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind        text        NOT NULL,
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),
    body        bytea       NOT NULL,
    signature   bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (node, seq)
);

-- reason: fork, bad_signature, malformed, poison. node is '' when the bytes do not say whose
-- they are. body is NULL for poison alone: its bytes stand in entry.
-- stands_against: digest of the entry that holds the place a fork claims.
CREATE TABLE quarantine (
    quarantine_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node           text        NOT NULL,
    seq            bigint,
    digest         bytea       NOT NULL,
    reason         text        NOT NULL
                               CHECK (reason IN ('fork', 'bad_signature', 'malformed', 'poison')),
    detail         text        NOT NULL,
    body           bytea,
    signature      bytea,
    stands_against bytea,
    kept_at        timestamptz NOT NULL,
    UNIQUE (node, digest, reason),
    CHECK ((body IS NULL) = (reason = 'poison'))
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP
          USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER entry_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_append_only;
REVOKE UPDATE, DELETE, TRUNCATE ON entry FROM PUBLIC, CURRENT_USER;

CREATE TRIGGER quarantine_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE quarantine ENABLE ALWAYS TRIGGER quarantine_append_only;
REVOKE UPDATE, DELETE, TRUNCATE ON quarantine FROM PUBLIC, CURRENT_USER;
-- What the entries come to. Every row can be made again from table entry.

CREATE TABLE passage (
    node          text        NOT NULL,
    passage_id    text        NOT NULL,
    receipt       text        NOT NULL,
    lane          text        NOT NULL,
    at            timestamptz NOT NULL,
    occurred_on   date        NOT NULL,
    plate         text,
    plate_colour  text        NOT NULL,
    trailer_plate text,
    gross_kg      integer     NOT NULL,
    configuration text,
    limit_kg      integer,
    excess_kg     integer,
    outcome       text        NOT NULL
                  CHECK (outcome IN
                      ('lawful', 'permitted', 'warning', 'violation', 'needs_review')),
    reviewed      boolean     NOT NULL DEFAULT false,
    recheck_of    text,
    case_no       text,
    PRIMARY KEY (node, passage_id)
);
CREATE INDEX passage_at ON passage (at DESC);
CREATE INDEX passage_node_at ON passage (node, at DESC);
CREATE INDEX passage_occurred_on ON passage (occurred_on);

-- A vehicle that was there but gave no valid weight (未称重通过).
CREATE TABLE unweighed_pass (
    node        text        NOT NULL,
    seq         bigint      NOT NULL,
    began_at    timestamptz NOT NULL,
    occurred_on date        NOT NULL,
    reason      text        NOT NULL,
    plate       text,
    PRIMARY KEY (node, seq)
);
CREATE INDEX unweighed_pass_occurred_on ON unweighed_pass (occurred_on);

-- fine_fen and points: of the effective decision alone. …_on: local days.
CREATE TABLE joint_case (
    node         text        NOT NULL,
    case_no      text        NOT NULL,
    violation_id text        NOT NULL,
    passage_id   text        NOT NULL,
    plate        text        NOT NULL,
    occurred_on  date        NOT NULL,
    opened_at    timestamptz NOT NULL,
    opened_on    date        NOT NULL,
    gross_kg     integer     NOT NULL,
    limit_kg     integer     NOT NULL,
    excess_kg    integer     NOT NULL,
    stage        text        NOT NULL,
    released_at  timestamptz,
    fine_fen     bigint,
    points       integer,
    closed_on    date,
    cleared_on   date,
    unloaded_kg  integer,
    PRIMARY KEY (node, case_no)
);
CREATE INDEX joint_case_opened_at ON joint_case (opened_at DESC);
CREATE INDEX joint_case_opened_on ON joint_case (opened_on);
CREATE INDEX joint_case_closed_on ON joint_case (closed_on);
CREATE INDEX joint_case_cleared_on ON joint_case (cleared_on);

-- One penalty decision (处罚决定) of the police. A decision that is not effective is a second fine
-- on one unlawful act (行政处罚法 art 29).
CREATE TABLE decision (
    node         text        NOT NULL,
    seq          bigint      NOT NULL,
    case_no      text        NOT NULL,
    violation_id text        NOT NULL,
    plate        text        NOT NULL,
    occurred_on  date        NOT NULL,
    decided_at   timestamptz NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('fine', 'warning')),
    fine_fen     bigint      NOT NULL,
    points       integer     NOT NULL,
    effective    boolean     NOT NULL,
    PRIMARY KEY (node, seq)
);
CREATE UNIQUE INDEX decision_one_effective_fine
    ON decision (violation_id) WHERE effective AND kind = 'fine';
CREATE INDEX decision_plate ON decision (plate, occurred_on) WHERE effective;

-- seq: the entry that an alarm was derived from; NULL when the centre itself raised it.
CREATE TABLE alarm (
    alarm_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node     text        NOT NULL,
    seq      bigint,
    code     text        NOT NULL,
    detail   text        NOT NULL,
    at       timestamptz NOT NULL
);
-- Officers who may sign in at headquarters, and their sessions.

CREATE TABLE officer (
    certificate_no text PRIMARY KEY,
    name           text NOT NULL,
    role           text NOT NULL
                   CHECK (role IN ('road', 'police', 'hq', 'transport', 'admin')),
    valid_until    date NOT NULL,
    password_hash  text NOT NULL
);

-- token_digest: SHA-256 of the token; the token itself is with the browser alone.
CREATE TABLE session (
    token_digest   bytea       PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    certificate_no text        NOT NULL REFERENCES officer ON DELETE CASCADE,
    began_at       timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL
);
CREATE INDEX session_certificate_no ON session (certificate_no);
