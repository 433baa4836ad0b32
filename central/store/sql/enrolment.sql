-- Statements on enrolment: tokens, certificates, and what becomes of keys.

-- name: add_token
-- $1 token_digest, $2 node, $3 made_at, $4 expires_at
INSERT INTO enrolment_token (token_digest, node, made_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: use_token
-- Gives a row to one caller alone. $1 token_digest, $2 node, $3 at
UPDATE enrolment_token SET used_at = $3
 WHERE token_digest = $1 AND node = $2 AND used_at IS NULL AND expires_at > $3
RETURNING node;

-- name: token
-- $1 token_digest, $2 node
SELECT used_at FROM enrolment_token WHERE token_digest = $1 AND node = $2;

-- name: add_certificate
-- $1 serial, $2 node, $3 issued_at, $4 ends_at
INSERT INTO tls_certificate (serial, node, issued_at, ends_at) VALUES ($1, $2, $3, $4);

-- name: revoke_certificates
-- Idempotent. $1 node, $2 serial or NULL for all, $3 at, $4 reason
UPDATE tls_certificate SET revoked_at = $3, reason = $4
 WHERE node = $1 AND ($2::text IS NULL OR serial = $2) AND revoked_at IS NULL AND ends_at > $3
RETURNING serial;

-- name: revoked
-- $1 serial
-- One that is not in the register was not issued by it, or was forgotten with a backup.
SELECT coalesce((SELECT revoked_at IS NOT NULL FROM tls_certificate WHERE serial = $1), true);

-- name: revoke_key
-- Only ever earlier. Gives no row when there is no such key, or when it is revoked from there or
-- from an earlier entry already. $1 node, $2 key_id, $3 from_seq, $4 reason
UPDATE node_key SET revoked_from_seq = $3, reason = $4
 WHERE node = $1 AND key_id = $2 AND (revoked_from_seq IS NULL OR revoked_from_seq > $3)
RETURNING key_id;

-- name: register
-- Every node with its keys, in order.
SELECT node.node, node.name, node.road, node_key.key_id, node_key.alg, node_key.public_key,
       node_key.from_seq, node_key.until_seq, node_key.revoked_from_seq, node_key.reason
  FROM node LEFT JOIN node_key USING (node)
 ORDER BY node.node, node_key.from_seq, node_key.enrolled_at;
