-- Officers of the three administrations and device technicians; their crews; one-time codes;
-- revocation; and the log of refused access.

-- secret: of the one-time codes. last_step: whose code was taken last. wrong_codes: in a row, after
-- the right password. revoked_at: who is revoked has no account and no session.
ALTER TABLE officer
    DROP CONSTRAINT officer_role_check,
    ADD CONSTRAINT officer_role_check
        CHECK (role IN ('road', 'police', 'hq', 'transport', 'admin', 'security', 'audit', 'technician')),
    ADD COLUMN crew        text,
    ADD COLUMN secret      bytea,
    ADD COLUMN last_step   bigint      NOT NULL DEFAULT -1,
    ADD COLUMN wrong_codes integer     NOT NULL DEFAULT 0,
    ADD COLUMN revoked_at  timestamptz,
    ADD CONSTRAINT officer_secret_check CHECK (octet_length(secret) = 20);

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
