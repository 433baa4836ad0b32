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
