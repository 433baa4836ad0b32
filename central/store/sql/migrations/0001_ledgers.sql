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
