-- The register of nodes, their entries, and what was refused or could not be read.

-- last_position: in the log, of the newest entry; 0 before the first. own: the centre's ledger.
CREATE TABLE node (
    node           text        PRIMARY KEY,
    name           text        NOT NULL,
    road           text        NOT NULL,
    last_seq       bigint      NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    last_digest    bytea       NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
                               CHECK (octet_length(last_digest) = 32),
    last_entry_at  timestamptz,
    quarantined_at timestamptz,
    last_position  bigint      NOT NULL DEFAULT 0,
    own            boolean     NOT NULL DEFAULT false
);

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
-- reason: fork, bad_signature, key_not_good, malformed, poison. node is '' when the bytes do not say whose
-- they are. body is NULL for poison alone: its bytes stand in entry.
-- stands_against: digest of the entry that holds the place a fork claims.
CREATE TABLE quarantine (
    quarantine_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node           text        NOT NULL,
    seq            bigint,
    digest         bytea       NOT NULL,
    reason         text        NOT NULL
                               CHECK (reason IN ('fork', 'bad_signature', 'malformed', 'poison', 'key_not_good')),
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

CREATE TRIGGER quarantine_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON quarantine
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE quarantine ENABLE ALWAYS TRIGGER quarantine_append_only;
REVOKE UPDATE, DELETE, TRUNCATE ON quarantine FROM PUBLIC, CURRENT_USER;
-- position: leaf index in the log plus one. received_ms: milliseconds since 1970, as in the leaf.
-- What is unique, the log's lock and each node's watermark keep so: one writer at a time appends.
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
-- statement that names the partition itself meets them too. An entry that fits into a page stays
-- there as it is: to compress it would take longer than all the rest of writing it.
CREATE FUNCTION make_entry_month(first date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month text := 'entry_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass(month) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF entry FOR VALUES FROM (%L) TO (%L) '
        'WITH (toast_tuple_target = 8160)',
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

-- Clear text of personal fields (个人信息): no part of the ledger, and erasable. case_node, case_no: of
-- the case that it belongs to, which of the centre's own entries is another node's. asked_seq: the entry by which the node said that it had erased it. erased_seq:
-- the entry of the centre's own ledger that says that salt and text are gone; the row stays, so that
-- no later delivery brings them back.
CREATE TABLE opening (
    node       text   NOT NULL REFERENCES node,
    seq        bigint NOT NULL,
    field      text   NOT NULL,
    salt       text,
    text       text,
    case_no    text   NOT NULL,
    asked_seq  bigint,
    erased_seq bigint,
    case_node  text   NOT NULL,
    PRIMARY KEY (node, seq, field),
    CONSTRAINT opening_erased
        CHECK ((salt IS NULL) = (erased_seq IS NOT NULL) AND (text IS NULL) = (salt IS NULL))
);
CREATE INDEX opening_case ON opening (case_node, case_no) WHERE erased_seq IS NULL;

-- Programs that may weigh (准用程序清单), as the newest list says; empty: no list was published.
CREATE TABLE legal_id (
    legal_id text PRIMARY KEY,
    first_on date NOT NULL,
    last_on  date
);

-- What the centre's own ledger told of permits (超限运输车辆通行证): a finding that rests on one is held
-- against it. said: the payload of entry seq, as JSON.
CREATE TABLE permit (
    seq       bigint PRIMARY KEY,
    permit_no text   NOT NULL,
    said      text   NOT NULL
);
CREATE INDEX permit_by_no ON permit (permit_no, seq);

-- Vehicles that stations saw not to be as the standard or their licence says (车辆不符): the police of
-- their home are told. home: province and letter of the office that issued the plate. copied_seq: of
-- the entry of the centre's own ledger that says that they were.
CREATE TABLE vehicle_mismatch (
    node       text        NOT NULL,
    seq        bigint      NOT NULL,
    passage_id text        NOT NULL,
    case_no    text        NOT NULL,
    subject    text        NOT NULL,
    plate      text        NOT NULL,
    home       text        NOT NULL,
    kinds      text[]      NOT NULL,
    facts      text        NOT NULL,
    noted_at   timestamptz NOT NULL,
    noted_on   date        NOT NULL,
    copied_seq bigint,
    letter_no  text,
    copied_at  timestamptz,
    PRIMARY KEY (node, seq)
);
CREATE INDEX vehicle_mismatch_noted_at ON vehicle_mismatch (noted_at DESC);

-- released_by: the first of the two persons who let a node deliver again (解除隔离).
CREATE TABLE quarantine_release (
    node        text        PRIMARY KEY REFERENCES node,
    reason      text        NOT NULL,
    proposed_by text        NOT NULL,
    proposed_at timestamptz NOT NULL
);

-- What the entries come to. Every row can be made again from table entry.

-- touched: the projector's turn that wrote the row last; its number stands in progress, 'turn'.
-- A trigger writes it, so that no statement can forget to.
CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched := coalesce(nullif(current_setting('zhichao.turn', true), '')::bigint, 0);
    RETURN NEW;
END
$$;

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
    touched       bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (node, passage_id)
);
CREATE INDEX passage_at ON passage (at DESC);
CREATE INDEX passage_node_at ON passage (node, at DESC);
CREATE INDEX passage_occurred_on ON passage (occurred_on);
CREATE INDEX passage_touched ON passage (touched);

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

-- fine_fen and points: of the effective decision alone. …_on: local days. file: the whole case.
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
    released_at  timestamptz,
    fine_fen     bigint,
    points       integer,
    closed_on    date,
    cleared_on   date,
    unloaded_kg  integer,
    touched      bigint      NOT NULL DEFAULT 0,
    removal      text        NOT NULL,
    penalty      text        NOT NULL,
    custody      text        NOT NULL,
    remedy       text        NOT NULL,
    cleared_at   timestamptz,
    file         bytea       NOT NULL,
    seq          bigint      NOT NULL,
    penal        text        NOT NULL CHECK (penal IN ('road', 'police')),
    PRIMARY KEY (node, case_no)
);
CREATE INDEX joint_case_opened_at ON joint_case (opened_at DESC);
CREATE INDEX joint_case_opened_on ON joint_case (opened_on);
CREATE INDEX joint_case_closed_on ON joint_case (closed_on);
CREATE INDEX joint_case_cleared_on ON joint_case (cleared_on);
CREATE INDEX joint_case_touched ON joint_case (touched);

CREATE TRIGGER passage_turn BEFORE INSERT OR UPDATE ON passage
    FOR EACH ROW EXECUTE FUNCTION note_turn();
CREATE TRIGGER joint_case_turn BEFORE INSERT OR UPDATE ON joint_case
    FOR EACH ROW EXECUTE FUNCTION note_turn();

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
    changed_seq  bigint,
    PRIMARY KEY (node, seq)
);
CREATE UNIQUE INDEX decision_one_effective_fine
    ON decision (violation_id) WHERE effective AND kind = 'fine';
CREATE INDEX decision_plate ON decision (plate, occurred_on) WHERE effective;

-- seq: the entry that an alarm is about, the first of several; NULL: about none.
-- touched: the turn after it was raised; NULL: not yet.
-- derived: it follows from what the entry means, and a rebuild makes it again.
CREATE TABLE alarm (
    alarm_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node     text        NOT NULL,
    seq      bigint,
    code     text        NOT NULL,
    detail   text        NOT NULL,
    at       timestamptz NOT NULL,
    touched  bigint,
    derived  boolean     NOT NULL DEFAULT false
);
CREATE INDEX alarm_touched ON alarm (touched);
-- Officers who may sign in at headquarters, and their sessions.

-- stations: whose passages, cases, alarms and pictures an officer sees (数据范围); NULL: all.
-- secret: of the one-time codes. last_step: whose code was taken last. wrong_codes: in a row, after
-- the right password. revoked_at: who is revoked has no account and no session.
CREATE TABLE officer (
    certificate_no text PRIMARY KEY,
    name           text NOT NULL,
    role           text NOT NULL
                   CHECK (role IN ('road', 'police', 'hq', 'transport', 'admin', 'security', 'audit', 'technician')),
    valid_until    date NOT NULL,
    password_hash  text NOT NULL,
    stations       text[],
    crew           text,
    secret         bytea CHECK (octet_length(secret) = 20),
    last_step      bigint  NOT NULL DEFAULT -1,
    wrong_codes    integer NOT NULL DEFAULT 0,
    revoked_at     timestamptz,
    unconfirmed    boolean NOT NULL DEFAULT false
);

-- token_digest: SHA-256 of the token; the token itself is with the browser alone.
CREATE TABLE session (
    token_digest   bytea       PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    certificate_no text        NOT NULL REFERENCES officer ON DELETE CASCADE,
    began_at       timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL
);
CREATE INDEX session_certificate_no ON session (certificate_no);

-- One row for what was refused alike on one local day: nobody fills the disk with refusals.
-- who: certificate number of an account there is, or ''. what: method and path's pattern.
-- why: stable code, or reason of a refused sign-in. last_from: address of the newest.
CREATE TABLE refused_access (
    day       date        NOT NULL,
    who       text        NOT NULL,
    what      text        NOT NULL,
    why       text        NOT NULL,
    times     bigint      NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    last_from text        NOT NULL,
    PRIMARY KEY (day, who, what, why)
);
-- Enrolment of stations: single-use tokens, and the certificates by which stations are known.

-- token_digest: SHA-256 of the secret; the secret itself is with whoever was given the token.
CREATE TABLE enrolment_token (
    token_digest bytea       PRIMARY KEY CHECK (octet_length(token_digest) = 32),
    node         text        NOT NULL REFERENCES node,
    made_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);

-- serial: of the certificate, hex without leading zeros.
CREATE TABLE tls_certificate (
    serial     text        PRIMARY KEY,
    node       text        NOT NULL REFERENCES node,
    issued_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    revoked_at timestamptz,
    reason     text        NOT NULL DEFAULT ''
);
CREATE INDEX tls_certificate_node ON tls_certificate (node);
-- Who looks through a station's camera (远程调看), and who did. seen_at: when his picture was
-- last on its way to him; who has not been seen for some seconds has gone.
CREATE TABLE camera_watch (
    watch_id       text        PRIMARY KEY,
    node           text        NOT NULL REFERENCES node,
    certificate_no text        NOT NULL,
    began_at       timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    ended_at       timestamptz
);
CREATE INDEX camera_watch_running ON camera_watch (node) WHERE ended_at IS NULL;

-- The newest picture of each watch, for whichever process has its viewer. No evidence.
-- number: of the picture within the watch.
CREATE UNLOGGED TABLE camera_frame (
    watch_id text   PRIMARY KEY,
    number   bigint NOT NULL,
    jpeg     bytea  NOT NULL
);

CREATE INDEX alarm_node_code ON alarm (node, code);
-- Which recordings the entries of a node name, so that nothing else is taken from it. seq: of the
-- first entry that does. Followed behind the log (progress, 'recordings') when somebody asks.
-- named_on: local day on which the newest of them came; NULL: a digest that is no recording's.
-- held_at: when the whole of it was here first. erased_seq: the entry of the centre's own ledger
-- after which it is gone.
CREATE TABLE recording (
    node       text   NOT NULL REFERENCES node,
    sha256     bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    seq        bigint NOT NULL,
    named_on   date,
    held_at    timestamptz,
    erased_seq bigint,
    wanted_at  timestamptz,
    PRIMARY KEY (node, sha256)
);
CREATE INDEX recording_named_on ON recording (named_on) WHERE erased_seq IS NULL;
CREATE INDEX recording_erased ON recording (erased_seq) WHERE erased_seq IS NOT NULL;
CREATE INDEX recording_wanted ON recording (node) WHERE wanted_at IS NOT NULL;

-- Every entry that names a recording, so that nothing is erased that another one refers to.
-- passage_id, case_no: what the entry is about; '': unknown.
CREATE TABLE recording_naming (
    sha256     bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    node       text   NOT NULL REFERENCES node,
    seq        bigint NOT NULL,
    named_on   date   NOT NULL,
    passage_id text,
    case_no    text,
    PRIMARY KEY (sha256, node, seq)
);

-- How the penalty may move, by which act, and whose; 'penal': the case's own authority.
CREATE TABLE penalty_step (
    act        text NOT NULL,
    from_stage text NOT NULL,
    to_stage   text NOT NULL,
    authority  text NOT NULL CHECK (authority IN ('road', 'police', 'penal', 'centre')),
    PRIMARY KEY (act, from_stage, to_stage)
);
INSERT INTO penalty_step (act, from_stage, to_stage, authority) VALUES
    ('accept', 'handed_over', 'accepted', 'penal'),
    ('accept', 'open', 'accepted', 'penal'),
    ('apply_to_court', 'demanded', 'in_court', 'penal'),
    ('ask_hearing', 'heard', 'hearing_asked', 'penal'),
    ('ask_hearing', 'notified', 'hearing_asked', 'penal'),
    ('bar', 'decided', 'barred', 'centre'),
    ('decide', 'heard', 'decided', 'penal'),
    ('decide', 'reviewed', 'decided', 'penal'),
    ('demand', 'served', 'demanded', 'penal'),
    ('end_remedy', 'demanded', 'paid', 'penal'),
    ('end_remedy', 'demanded', 'revoked', 'penal'),
    ('end_remedy', 'in_court', 'paid', 'penal'),
    ('end_remedy', 'in_court', 'revoked', 'penal'),
    ('end_remedy', 'in_force', 'paid', 'penal'),
    ('end_remedy', 'in_force', 'revoked', 'penal'),
    ('end_remedy', 'paid', 'revoked', 'penal'),
    ('end_remedy', 'served', 'paid', 'penal'),
    ('end_remedy', 'served', 'revoked', 'penal'),
    ('hand_over', 'open', 'handed_over', 'road'),
    ('hear', 'notified', 'heard', 'penal'),
    ('hold_hearing', 'hearing_asked', 'hearing_held', 'penal'),
    ('not_punish', 'accepted', 'not_punished', 'penal'),
    ('not_punish', 'heard', 'not_punished', 'penal'),
    ('not_punish', 'notified', 'not_punished', 'penal'),
    ('not_punish', 'reviewed', 'not_punished', 'penal'),
    ('notify', 'accepted', 'notified', 'penal'),
    ('pay', 'demanded', 'paid', 'penal'),
    ('pay', 'in_court', 'paid', 'penal'),
    ('pay', 'served', 'paid', 'penal'),
    ('review', 'heard', 'reviewed', 'penal'),
    ('review', 'hearing_held', 'reviewed', 'penal'),
    ('send_back', 'accepted', 'open', 'penal'),
    ('send_back', 'handed_over', 'open', 'penal'),
    ('serve', 'in_force', 'served', 'penal'),
    ('take_effect', 'decided', 'in_force', 'centre'),
    ('void', 'open', 'voided', 'road'),
    ('waive', 'notified', 'heard', 'penal'),
    ('withdraw', 'decided', 'revoked', 'penal'),
    ('withdraw', 'demanded', 'revoked', 'penal'),
    ('withdraw', 'in_court', 'revoked', 'penal'),
    ('withdraw', 'in_force', 'revoked', 'penal'),
    ('withdraw', 'paid', 'revoked', 'penal'),
    ('withdraw', 'served', 'revoked', 'penal');
CREATE TRIGGER penalty_step_is_fixed BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON penalty_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE penalty_step ENABLE ALWAYS TRIGGER penalty_step_is_fixed;

CREATE FUNCTION refuse_unlawful(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', why USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- What an entry of that kind says; NULL when there is none.
CREATE FUNCTION payload_of(of_node text, at_seq bigint, of_kind text) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT convert_from(body, 'UTF8')::json -> 'payload'
      FROM public.entry
     WHERE node = of_node AND seq = at_seq AND kind = of_kind
$$;

-- The act of a case that an entry states, by two officers or by the centre.
CREATE FUNCTION act_of(of_node text, at_seq bigint, of_case text) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    said json := public.payload_of(of_node, at_seq, 'case_act');
BEGIN
    IF said IS NULL OR said ->> 'case_no' IS DISTINCT FROM of_case THEN
        PERFORM public.refuse_unlawful('no act of this case stands there');
    END IF;
    IF coalesce(said ->> 'act', '') NOT IN ('take_effect', 'bar')
       AND (json_array_length(said -> 'officers') IS DISTINCT FROM 2
            OR said #>> '{officers,0}' IS NOT DISTINCT FROM said #>> '{officers,1}') THEN
        PERFORM public.refuse_unlawful('an act needs two officers');
    END IF;
    RETURN said;
END
$$;

CREATE FUNCTION lawful_passage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seq bigint := substring(NEW.receipt FROM '-([0-9]{1,18})-[0-9a-f]+$')::bigint;
    said json;
BEGIN
    IF TG_OP = 'INSERT' THEN
        said := public.payload_of(NEW.node, seq, 'passage');
        IF said ->> 'passage_id' IS DISTINCT FROM NEW.passage_id
           OR (said #>> '{weighing,gross_kg}')::bigint IS DISTINCT FROM NEW.gross_kg THEN
            PERFORM public.refuse_unlawful('no such weighing stands there');
        END IF;
    ELSIF (NEW.node, NEW.passage_id, NEW.gross_kg, NEW.at, NEW.lane, NEW.occurred_on)
          IS DISTINCT FROM
          (OLD.node, OLD.passage_id, OLD.gross_kg, OLD.at, OLD.lane, OLD.occurred_on) THEN
        PERFORM public.refuse_unlawful('what was weighed does not change');
    ELSIF (NEW.receipt, NEW.plate, NEW.plate_colour, NEW.trailer_plate, NEW.configuration,
           NEW.limit_kg, NEW.excess_kg, NEW.outcome, NEW.recheck_of, NEW.reviewed)
          IS DISTINCT FROM
          (OLD.receipt, OLD.plate, OLD.plate_colour, OLD.trailer_plate, OLD.configuration,
           OLD.limit_kg, OLD.excess_kg, OLD.outcome, OLD.recheck_of, OLD.reviewed) THEN
        said := public.payload_of(NEW.node, seq, 'passage_review');
        IF said ->> 'passage_id' IS DISTINCT FROM NEW.passage_id THEN
            PERFORM public.refuse_unlawful('no officer has reviewed this weighing there');
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER passage_is_lawful BEFORE INSERT OR UPDATE ON passage
    FOR EACH ROW EXECUTE FUNCTION lawful_passage();

CREATE FUNCTION lawful_opening() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.payload_of(NEW.node, NEW.seq, 'case_opened');
BEGIN
    IF said ->> 'case_no' IS DISTINCT FROM NEW.case_no
       OR coalesce(said ->> 'penal', 'police') <> NEW.penal
       OR (said ->> 'gross_kg')::bigint IS DISTINCT FROM NEW.gross_kg THEN
        PERFORM public.refuse_unlawful('no such case is opened there');
    END IF;
    IF NEW.penalty <> 'open' OR NEW.removal NOT IN ('measured', 'not_on_site')
       OR NEW.fine_fen IS NOT NULL OR NEW.points IS NOT NULL OR NEW.closed_on IS NOT NULL THEN
        PERFORM public.refuse_unlawful('a case begins at its beginning');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER joint_case_opens_lawfully BEFORE INSERT ON joint_case
    FOR EACH ROW EXECUTE FUNCTION lawful_opening();

CREATE FUNCTION lawful_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.act_of(NEW.node, NEW.seq, NEW.case_no);
    act text := said ->> 'act';
    whose text := said ->> 'authority';
BEGIN
    IF (NEW.node, NEW.case_no, NEW.passage_id, NEW.occurred_on, NEW.opened_at, NEW.gross_kg,
        NEW.limit_kg, NEW.excess_kg, NEW.penal)
       IS DISTINCT FROM
       (OLD.node, OLD.case_no, OLD.passage_id, OLD.occurred_on, OLD.opened_at, OLD.gross_kg,
        OLD.limit_kg, OLD.excess_kg, OLD.penal) THEN
        PERFORM public.refuse_unlawful('what a case was opened with does not change');
    END IF;
    IF NEW.seq < OLD.seq THEN
        PERFORM public.refuse_unlawful('a case does not go back');
    END IF;
    IF NEW.plate <> OLD.plate AND act <> 'correct_plate' THEN
        PERFORM public.refuse_unlawful('nobody has corrected the plate');
    END IF;
    IF NEW.removal <> OLD.removal AND whose <> 'road' THEN
        PERFORM public.refuse_unlawful('road administration alone sees to the removal');
    END IF;
    IF NEW.penalty <> OLD.penalty AND NOT EXISTS (
        SELECT FROM public.penalty_step step
         WHERE step.act = said ->> 'act'
           AND (step.from_stage, step.to_stage) = (OLD.penalty, NEW.penalty)
           AND CASE step.authority WHEN 'penal' THEN NEW.penal ELSE step.authority END = whose
           AND (step.act <> 'accept' OR (NEW.penal = 'road') = (OLD.penalty = 'open'))) THEN
        PERFORM public.refuse_unlawful(
            format('%s does not lead from %s to %s', act, OLD.penalty, NEW.penalty));
    END IF;
    IF NEW.penalty IN ('in_force', 'served', 'demanded', 'in_court', 'paid') AND NOT EXISTS (
        SELECT FROM public.decision
         WHERE (node, case_no) = (NEW.node, NEW.case_no) AND effective
           AND (fine_fen, points) = (NEW.fine_fen, NEW.points)) THEN
        PERFORM public.refuse_unlawful('no such decision has effect');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER joint_case_goes_on_lawfully BEFORE UPDATE ON joint_case
    FOR EACH ROW EXECUTE FUNCTION lawful_step();

CREATE FUNCTION lawful_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.act_of(NEW.node, NEW.seq, NEW.case_no);
    stands public.joint_case;
BEGIN
    SELECT * INTO stands FROM public.joint_case
     WHERE (node, case_no) = (NEW.node, NEW.case_no);
    IF said ->> 'act' IS DISTINCT FROM 'decide' OR said ->> 'authority' IS DISTINCT FROM stands.penal THEN
        PERFORM public.refuse_unlawful('the authority that penalises has not decided there');
    END IF;
    IF (said #>> '{details,kind}', (said #>> '{details,fine_fen}')::bigint,
        (said #>> '{details,points}')::integer)
       IS DISTINCT FROM (NEW.kind, NEW.fine_fen, NEW.points) THEN
        PERFORM public.refuse_unlawful('another penalty was decided');
    END IF;
    IF (NEW.plate, NEW.occurred_on) IS DISTINCT FROM (stands.plate, stands.occurred_on)
       OR (NEW.effective AND NEW.violation_id IS DISTINCT FROM stands.violation_id) THEN
        PERFORM public.refuse_unlawful('another act than that of the case');
    END IF;
    IF stands.penalty NOT IN ('heard', 'reviewed') OR stands.removal IN ('measured', 'ordered') THEN
        PERFORM public.refuse_unlawful('order, re-check, notice and hearing come first');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER decision_is_lawful BEFORE INSERT ON decision
    FOR EACH ROW EXECUTE FUNCTION lawful_decision();

CREATE FUNCTION lawful_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.act_of(NEW.node, NEW.changed_seq, NEW.case_no);
BEGIN
    IF (NEW.node, NEW.seq, NEW.case_no, NEW.violation_id, NEW.plate, NEW.occurred_on,
        NEW.decided_at, NEW.kind)
       IS DISTINCT FROM
       (OLD.node, OLD.seq, OLD.case_no, OLD.violation_id, OLD.plate, OLD.occurred_on,
        OLD.decided_at, OLD.kind)
       OR NEW.effective > OLD.effective
       OR NEW.fine_fen > OLD.fine_fen OR NEW.points > OLD.points THEN
        PERFORM public.refuse_unlawful('a decision does not become heavier');
    END IF;
    IF coalesce(said ->> 'act', '') NOT IN ('withdraw', 'end_remedy') THEN
        PERFORM public.refuse_unlawful('neither withdrawn nor changed by a remedy');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER decision_changes_lawfully BEFORE UPDATE ON decision
    FOR EACH ROW EXECUTE FUNCTION lawful_change();

-- A rebuild deletes what follows from entries and makes it again; nobody empties it at a stroke.
CREATE TRIGGER passage_is_not_truncated BEFORE TRUNCATE ON passage
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER joint_case_is_not_truncated BEFORE TRUNCATE ON joint_case
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decision_is_not_truncated BEFORE TRUNCATE ON decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE passage ENABLE ALWAYS TRIGGER passage_is_lawful;
ALTER TABLE passage ENABLE ALWAYS TRIGGER passage_is_not_truncated;
ALTER TABLE joint_case ENABLE ALWAYS TRIGGER joint_case_opens_lawfully;
ALTER TABLE joint_case ENABLE ALWAYS TRIGGER joint_case_goes_on_lawfully;
ALTER TABLE joint_case ENABLE ALWAYS TRIGGER joint_case_is_not_truncated;
ALTER TABLE decision ENABLE ALWAYS TRIGGER decision_is_lawful;
ALTER TABLE decision ENABLE ALWAYS TRIGGER decision_changes_lawfully;
ALTER TABLE decision ENABLE ALWAYS TRIGGER decision_is_not_truncated;

-- Evasion cases (逃避、抗拒检测案件): a kind of their own, no over-limit case and never counted as one.

-- seq: of the entry after which a row stands as it does. closed_on: local day. file: the whole case.
CREATE TABLE evasion (
    node        text        NOT NULL,
    evasion_no  text        NOT NULL,
    deed        text        NOT NULL,
    plate       text        NOT NULL,
    place       text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL,
    passage_id  text        NOT NULL,
    stage       text        NOT NULL,
    held        boolean     NOT NULL,
    fine_fen    bigint,
    closed_on   date,
    file        bytea       NOT NULL,
    seq         bigint      NOT NULL,
    PRIMARY KEY (node, evasion_no)
);
CREATE INDEX evasion_opened_at ON evasion (opened_at DESC);

CREATE FUNCTION lawful_evasion() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.payload_of(NEW.node, NEW.seq, 'evasion_opened');
BEGIN
    IF (said ->> 'evasion_no', said ->> 'deed', said ->> 'plate', said ->> 'place',
        said ->> 'passage_id')
       IS DISTINCT FROM (NEW.evasion_no, NEW.deed, NEW.plate, NEW.place, NEW.passage_id) THEN
        PERFORM public.refuse_unlawful('no such evasion is reported there');
    END IF;
    IF NEW.stage <> 'open' OR NEW.held OR NEW.fine_fen IS NOT NULL OR NEW.closed_on IS NOT NULL THEN
        PERFORM public.refuse_unlawful('a case begins at its beginning');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER evasion_opens_lawfully BEFORE INSERT ON evasion
    FOR EACH ROW EXECUTE FUNCTION lawful_evasion();

CREATE FUNCTION lawful_evasion_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.payload_of(NEW.node, NEW.seq, 'evasion_acted');
    act text := coalesce(said ->> 'act', '');
BEGIN
    IF (NEW.node, NEW.evasion_no, NEW.deed, NEW.plate, NEW.place, NEW.occurred_at, NEW.opened_at,
        NEW.passage_id)
       IS DISTINCT FROM
       (OLD.node, OLD.evasion_no, OLD.deed, OLD.plate, OLD.place, OLD.occurred_at, OLD.opened_at,
        OLD.passage_id) THEN
        PERFORM public.refuse_unlawful('what a case was opened with does not change');
    END IF;
    IF NEW.seq <= OLD.seq THEN
        PERFORM public.refuse_unlawful('a case does not go back');
    END IF;
    IF said ->> 'evasion_no' IS DISTINCT FROM NEW.evasion_no THEN
        PERFORM public.refuse_unlawful('no act of this case stands there');
    END IF;
    IF json_array_length(said -> 'officers') IS DISTINCT FROM 2
       OR said #>> '{officers,0}' IS NOT DISTINCT FROM said #>> '{officers,1}' THEN
        PERFORM public.refuse_unlawful('an act needs two officers');
    END IF;
    IF NEW.stage IS DISTINCT FROM said ->> 'stage'
       OR (NEW.held <> OLD.held
           AND act <> CASE WHEN NEW.held THEN 'hold_vehicle' ELSE 'return_vehicle' END)
       OR (NEW.closed_on IS DISTINCT FROM OLD.closed_on AND act NOT IN ('close', 'void'))
       OR (NEW.fine_fen IS DISTINCT FROM OLD.fine_fen
           AND (act <> 'decide'
                OR NEW.fine_fen IS DISTINCT FROM (said #>> '{details,fine_fen}')::bigint)) THEN
        PERFORM public.refuse_unlawful('the act does not say so');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER evasion_goes_on_lawfully BEFORE UPDATE ON evasion
    FOR EACH ROW EXECUTE FUNCTION lawful_evasion_step();
CREATE TRIGGER evasion_is_not_truncated BEFORE TRUNCATE ON evasion
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE evasion ENABLE ALWAYS TRIGGER evasion_opens_lawfully;
ALTER TABLE evasion ENABLE ALWAYS TRIGGER evasion_goes_on_lawfully;
ALTER TABLE evasion ENABLE ALWAYS TRIGGER evasion_is_not_truncated;
