-- Statements on officers and sessions.

-- name: account
-- $1 certificate_no
SELECT certificate_no, name, role, valid_until, crew, password_hash, secret, stations
  FROM officer WHERE certificate_no = $1 AND revoked_at IS NULL AND NOT unconfirmed;

-- name: add_account
-- Gives no row when there is one. $1 certificate_no, $2 name, $3 role, $4 valid_until,
-- $5 password_hash, $6 stations or NULL for all, $7 crew or NULL, $8 secret or NULL, $9 unconfirmed
INSERT INTO officer (certificate_no, name, role, valid_until, password_hash, stations, crew, secret,
                     unconfirmed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
RETURNING certificate_no;

-- name: change_account
-- Parameters as above.
UPDATE officer
   SET name = $2, role = $3, valid_until = $4, password_hash = $5, stations = $6, crew = $7,
       secret = $8, unconfirmed = $9, last_step = -1, wrong_codes = 0, revoked_at = NULL
 WHERE certificate_no = $1;

-- name: codes
-- $1 certificate_no
SELECT last_step, wrong_codes FROM officer WHERE certificate_no = $1;

-- name: take_step
-- Gives no row when its code, or a later one, was taken (station/domain/totp.py: is_used).
-- None either when so many codes were wrong meanwhile that the account is locked.
-- $1 certificate_no, $2 step, $3 the newest last_step that counts, $4 wrong codes that lock
UPDATE officer SET last_step = $2, wrong_codes = 0
 WHERE certificate_no = $1 AND last_step NOT BETWEEN $2 AND $3
   AND wrong_codes < $4
RETURNING certificate_no;

-- name: wrong_code
-- $1 certificate_no
UPDATE officer SET wrong_codes = wrong_codes + 1 WHERE certificate_no = $1;

-- name: end_sessions
-- $1 certificate_no
DELETE FROM session WHERE certificate_no = $1;

-- name: end_old_sessions
-- $1 began before
DELETE FROM session WHERE began_at < $1;

-- name: open_session
-- $1 token_digest, $2 certificate_no, $3 began_at, $4 seen_at
INSERT INTO session (token_digest, certificate_no, began_at, seen_at) VALUES ($1, $2, $3, $4);

-- name: session
-- $1 token_digest
SELECT token_digest, began_at, seen_at, certificate_no, name, role, valid_until, crew, stations
  FROM session JOIN officer USING (certificate_no)
 WHERE token_digest = $1;

-- name: sessions
-- $1 token_digests
SELECT token_digest, began_at, seen_at, certificate_no, name, role, valid_until, crew, stations
  FROM session JOIN officer USING (certificate_no)
 WHERE token_digest = ANY ($1::bytea[]);

-- name: touch
-- $1 token_digest, $2 seen_at
UPDATE session SET seen_at = greatest(seen_at, $2) WHERE token_digest = $1;

-- name: close_session
-- Idempotent. $1 token_digest
DELETE FROM session WHERE token_digest = $1;

-- name: standings
SELECT certificate_no, name, role, valid_until, crew, wrong_codes, revoked_at IS NOT NULL AS revoked,
       unconfirmed
  FROM officer ORDER BY certificate_no;

-- name: confirm
-- Gives no row when it does not wait. $1 certificate_no
UPDATE officer SET unconfirmed = false WHERE certificate_no = $1 AND unconfirmed
RETURNING certificate_no;

-- name: revoke
-- Idempotent. $1 certificate_no
UPDATE officer SET revoked_at = coalesce(revoked_at, now()) WHERE certificate_no = $1
RETURNING certificate_no;

-- name: unlock
-- $1 certificate_no
UPDATE officer SET wrong_codes = 0 WHERE certificate_no = $1 RETURNING certificate_no;
