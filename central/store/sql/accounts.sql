-- Statements on officers and sessions.

-- name: account
-- $1 certificate_no
SELECT certificate_no, name, role, valid_until, password_hash, stations
  FROM officer WHERE certificate_no = $1;

-- name: add_account
-- Gives no row when there is one. $1 certificate_no, $2 name, $3 role, $4 valid_until,
-- $5 password_hash, $6 stations or NULL for all
INSERT INTO officer (certificate_no, name, role, valid_until, password_hash, stations)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
RETURNING certificate_no;

-- name: change_account
-- Parameters as above.
UPDATE officer
   SET name = $2, role = $3, valid_until = $4, password_hash = $5, stations = $6
 WHERE certificate_no = $1;

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
SELECT token_digest, began_at, seen_at, certificate_no, name, role, valid_until, stations
  FROM session JOIN officer USING (certificate_no)
 WHERE token_digest = $1;

-- name: sessions
-- $1 token_digests
SELECT token_digest, began_at, seen_at, certificate_no, name, role, valid_until, stations
  FROM session JOIN officer USING (certificate_no)
 WHERE token_digest = ANY ($1::bytea[]);

-- name: touch
-- $1 token_digest, $2 seen_at
UPDATE session SET seen_at = greatest(seen_at, $2) WHERE token_digest = $1;

-- name: close_session
-- Idempotent. $1 token_digest
DELETE FROM session WHERE token_digest = $1;
