-- What an audit reads, within one snapshot. Nothing is joined or computed here: it is the auditor
-- who computes.

-- name: entries
-- All entries in the order of the log, by a cursor. $1 after this position
SELECT position, node, seq, kind, digest, body, signature, received_ms
  FROM entry
 WHERE position > $1
 ORDER BY position;

-- name: heads
SELECT node, last_seq, last_digest, last_position FROM node ORDER BY node;

-- name: log
SELECT size, peaks FROM log;

-- name: keys
SELECT node, key_id, alg, public_key, from_seq, until_seq, revoked_from_seq
  FROM node_key
 ORDER BY node, from_seq;

-- name: checkpoints
-- $1 of more leaves than this, $2 limit
SELECT log_size, root, note FROM checkpoint WHERE log_size > $1 ORDER BY log_size LIMIT $2;

-- name: take_turn
-- Held until the connection goes back to the pool. $1 number of the lock
SELECT pg_try_advisory_lock($1);

-- name: has_turn
-- $1 number of the lock
SELECT EXISTS (SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
                  AND (classid::bigint << 32) | objid::bigint = $1);
