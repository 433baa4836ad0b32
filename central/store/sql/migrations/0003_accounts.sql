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
