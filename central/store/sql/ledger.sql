-- Statements on nodes and their entries.

-- name: enrol
-- Idempotent. Name and road follow the register; the key never changes here.
-- $1 node, $2 name, $3 road, $4 public_key
INSERT INTO node (node, name, road, public_key) VALUES ($1, $2, $3, $4)
    ON CONFLICT (node) DO UPDATE SET name = excluded.name, road = excluded.road
RETURNING public_key;

-- name: lock_node
-- One writer per node. $1 node
SELECT last_seq, last_digest, quarantined_at FROM node WHERE node = $1 FOR UPDATE;

-- name: lock_decisions
-- $1 number of the lock, held until the transaction ends
SELECT pg_advisory_xact_lock($1);

-- name: held
-- $1 node, $2 places
SELECT seq, digest FROM entry WHERE node = $1 AND seq = ANY ($2::bigint[]);

-- name: append
-- No ON CONFLICT: the caller has compared digests under the node's lock.
-- $1 node, $2 seqs, $3 kinds, $4 digests, $5 bodies, $6 signatures, $7 received_at
INSERT INTO entry (node, seq, kind, digest, body, signature, received_at)
SELECT $1, one.seq, one.kind, one.digest, one.body, one.signature, $7
  FROM unnest($2::bigint[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
       AS one (seq, kind, digest, body, signature)
 ORDER BY one.seq;

-- name: advance
-- $1 node, $2 last_seq, $3 last_digest, $4 last_entry_at
UPDATE node SET last_seq = $2, last_digest = $3, last_entry_at = $4 WHERE node = $1;

-- name: quarantine_node
-- Idempotent. $1 node, $2 at
UPDATE node SET quarantined_at = coalesce(quarantined_at, $2) WHERE node = $1;

-- name: keep
-- Idempotent. What anybody could send (bad signatures, malformed bytes) is kept up to a number of
-- rows and bytes per node.
-- $1 node, $2 seq, $3 digest, $4 reason, $5 detail, $6 body, $7 signature, $8 stands_against,
-- $9 kept_at, $10 most rows, $11 most bytes
INSERT INTO quarantine
       (node, seq, digest, reason, detail, body, signature, stands_against, kept_at)
SELECT $1::text, $2::bigint, $3::bytea, $4::text, $5::text, $6::bytea, $7::bytea, $8::bytea,
       $9::timestamptz
 WHERE $4 IN ('fork', 'poison')
    OR (SELECT count(*) < $10 AND coalesce(sum(octet_length(body)), 0) < $11
          FROM quarantine
         WHERE node = $1 AND reason IN ('bad_signature', 'malformed'))
    ON CONFLICT (node, digest, reason) DO NOTHING
RETURNING quarantine_id;

-- name: stop_ingest
-- Held until the transaction ends; SELECT … FOR UPDATE on node waits for it.
LOCK TABLE node IN EXCLUSIVE MODE;

-- name: page
-- $1 after this position, $2 limit
SELECT position, node, seq, body, signature, received_at
  FROM entry
 WHERE position > $1
 ORDER BY position
 LIMIT $2;
