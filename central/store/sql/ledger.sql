-- Statements on nodes, their keys and entries, and the log over them.

-- name: enrol
-- Idempotent. Name and road follow the configuration. $1 node, $2 name, $3 road, $4 own
INSERT INTO node (node, name, road, own) VALUES ($1, $2, $3, $4)
    ON CONFLICT (node) DO UPDATE SET name = excluded.name, road = excluded.road;

-- name: add_key
-- Gives no row when the node has that key already.
-- $1 node, $2 key_id, $3 alg, $4 public_key, $5 from_seq, $6 until_seq: a key may have ended within
-- the batch that brought it
INSERT INTO node_key (node, key_id, alg, public_key, from_seq, until_seq)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
RETURNING key_id;

-- name: end_key
-- $1 node, $2 key_id, $3 until_seq
UPDATE node_key SET until_seq = $3 WHERE node = $1 AND key_id = $2;

-- name: lock_log
-- One writer at a time: whoever appends, and whoever changes a node, holds this row.
SELECT size, peaks FROM log FOR UPDATE;

-- name: log
SELECT size, peaks FROM log;

-- name: node_states
-- $1 nodes
SELECT node, last_seq, last_digest, last_position, quarantined_at
  FROM node WHERE node = ANY ($1::text[]);

-- name: node_keys
-- $1 nodes
SELECT node, key_id, alg, public_key, from_seq, until_seq, revoked_from_seq
  FROM node_key WHERE node = ANY ($1::text[]) ORDER BY node, from_seq;

-- name: held
-- $1 node, $2 places
SELECT seq, digest FROM entry WHERE node = $1 AND seq = ANY ($2::bigint[]);

-- name: make_month
-- Idempotent. $1 first day of the month
SELECT make_entry_month($1);

-- name: append
-- Entries of one node, one after the other in its ledger and in the log. No ON CONFLICT: the caller
-- has compared digests under the log's lock. Digests and bodies come joined, and are cut here: as
-- arrays they cost several times as much.
-- $1 node, $2 first seq, $3 first position, $4 kinds, $5 digests, $6 bodies, $7 sizes of bodies,
-- $8 signatures, $9 received_ms, $10 received_at
INSERT INTO entry (node, seq, position, kind, digest, body, signature, received_ms, received_at)
SELECT $1, $2::bigint + one.place - 1, $3::bigint + one.place - 1, one.kind,
       substring($5::bytea FROM 32 * one.place::integer - 31 FOR 32),
       substring($6::bytea FROM one.until - one.size + 1 FOR one.size), one.signature, $9, $10
  FROM (SELECT kind, size, signature, place,
               sum(size) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING)::integer AS until
          FROM unnest($4::text[], $7::integer[], $8::bytea[])
               WITH ORDINALITY AS given (kind, size, signature, place)) AS one;

-- name: advance
-- $1 nodes, $2 last_seqs, $3 last_digests, $4 last_positions, $5 last_entry_at
UPDATE node
   SET last_seq = one.seq, last_digest = one.digest, last_position = one.position,
       last_entry_at = $5
  FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[])
       AS one (node, seq, digest, position)
 WHERE node.node = one.node;

-- name: grow_log
-- $1 size, $2 peaks
UPDATE log SET size = $1, peaks = $2;

-- name: add_blocks
-- $1 levels, $2 numbers, $3 roots
INSERT INTO log_block (level, number, root)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]);

-- name: blocks
-- $1 level, $2 first number, $3 how many
SELECT number, root FROM log_block
 WHERE level = $1 AND number >= $2 AND number < $2 + $3 ORDER BY number;

-- name: leaves
-- $1 first position, $2 how many
SELECT position, body, signature, received_ms FROM entry
 WHERE position >= $1 AND position < $1 + $2 ORDER BY position;

-- name: add_openings
-- Idempotent: what was erased does not come back. $1 node, $2 seqs, $3 fields, $4 salts, $5 texts,
-- $6 case_nodes, $7 case_nos
INSERT INTO opening (node, seq, field, salt, text, case_node, case_no)
SELECT $1, one.*
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS one
    ON CONFLICT DO NOTHING;

-- name: openings_of
-- $1 node, $2 seqs, $3 case_node
SELECT seq, field, salt, text FROM opening
 WHERE node = $1 AND seq = ANY ($2::bigint[]) AND case_node = $3 AND text IS NOT NULL
 ORDER BY seq, field;

-- name: put_ahead
-- Idempotent; the first one of a place stays. Bounded by rows per node.
-- $1 node, $2 seqs, $3 digests, $4 bodies, $5 signatures, $6 received_at, $7 most rows
INSERT INTO ahead (node, seq, digest, body, signature, received_at)
SELECT $1, one.seq, one.digest, one.body, one.signature, $6
  FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])
       AS one (seq, digest, body, signature)
 WHERE (SELECT count(*) FROM ahead WHERE node = $1) < $7
    ON CONFLICT DO NOTHING;

-- name: arrived
-- What was seen ahead has come in its order. $1 nodes, $2 last_seqs
DELETE FROM ahead USING unnest($1::text[], $2::bigint[]) AS one (node, seq)
 WHERE ahead.node = one.node AND ahead.seq <= one.seq
RETURNING ahead.node, ahead.seq, ahead.body, ahead.signature;

-- name: quarantine_node
-- Idempotent. $1 node, $2 at
UPDATE node SET quarantined_at = coalesce(quarantined_at, $2) WHERE node = $1;

-- name: lift_quarantine
-- Idempotent. $1 node
UPDATE node SET quarantined_at = NULL WHERE node = $1;

-- name: proposal
-- $1 node
SELECT reason, proposed_by, proposed_at FROM quarantine_release WHERE node = $1;

-- name: propose
-- $1 node, $2 reason, $3 proposed_by, $4 proposed_at
INSERT INTO quarantine_release (node, reason, proposed_by, proposed_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (node) DO UPDATE
   SET reason = excluded.reason, proposed_by = excluded.proposed_by,
       proposed_at = excluded.proposed_at;

-- name: withdraw
-- Idempotent. $1 node
DELETE FROM quarantine_release WHERE node = $1;

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
         WHERE node = $1 AND reason IN ('bad_signature', 'malformed', 'key_not_good'))
    ON CONFLICT (node, digest, reason) DO NOTHING
RETURNING quarantine_id;

-- name: page
-- $1 after this position, $2 limit
SELECT position, node, seq, body, signature, received_at
  FROM entry
 WHERE position > $1
 ORDER BY position
 LIMIT $2;

-- name: ledger_page
-- $1 node, $2 after this seq, $3 limit
SELECT seq, body, signature, received_ms, position FROM entry
 WHERE node = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: entries_at
-- $1 node, $2 seqs
SELECT seq, body, signature, received_ms, position FROM entry
 WHERE node = $1 AND seq = ANY ($2::bigint[]) ORDER BY seq;

-- name: rotations
-- Entries that ended a key, found by the keys that began after them. $1 node
SELECT seq, body, signature, received_ms, position
  FROM entry JOIN node_key USING (node)
 WHERE node = $1 AND seq = from_seq - 1 AND kind = 'key_rotate'
 ORDER BY seq;

-- name: head
-- $1 node
SELECT last_seq FROM node WHERE node = $1;

-- name: progress
-- $1 worker
SELECT position FROM progress WHERE worker = $1;

-- name: note_progress
-- Idempotent. $1 worker, $2 position
INSERT INTO progress (worker, position) VALUES ($1, $2)
    ON CONFLICT (worker) DO UPDATE SET position = excluded.position;

-- name: begin_turn
-- Numbers the projector's next turn: rows that the transaction writes keep it (note_turn).
SELECT set_config('zhichao.turn', turn::text, true)::bigint
  FROM (SELECT 1 + coalesce((SELECT position FROM progress WHERE worker = 'turn'), 0) AS turn)
       AS next;

-- name: count_alarms
-- Gives those alarms the turn that were raised since the last one. $1 turn
UPDATE alarm SET touched = $1 WHERE touched IS NULL;

-- name: lock_worker
-- Held until the transaction ends; false when another process has it. $1 number of the lock
SELECT pg_try_advisory_xact_lock($1);

-- name: wait_worker
-- As above, but waits. $1 number of the lock
SELECT pg_advisory_xact_lock($1);

-- name: tell
-- Processes that listen hear it when the transaction has committed. $1 channel, $2 what
SELECT pg_notify($1, $2);

-- name: newest_checkpoint
SELECT log_size, root, at, note FROM checkpoint ORDER BY log_size DESC LIMIT 1;

-- name: checkpoint_of
-- $1 log_size
SELECT log_size, root, at, note FROM checkpoint WHERE log_size = $1;

-- name: attested_checkpoint
-- Of the newest hundred that are large enough, the one with most signatures: a line each.
-- $1 log_size
SELECT log_size, root, at, note
  FROM (SELECT log_size, root, at, note FROM checkpoint
         WHERE log_size >= $1 ORDER BY log_size DESC LIMIT 100) AS newest
 ORDER BY cardinality(string_to_array(note, E'\n')) DESC, log_size DESC
 LIMIT 1;

-- name: add_checkpoint
-- Gives no row when there is one of that size. $1 log_size, $2 root, $3 at, $4 note
INSERT INTO checkpoint (log_size, root, at, note) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
RETURNING log_size;

-- name: replace_note
-- No row when another process was first. $1 log_size, $2 note before, $3 note after
UPDATE checkpoint SET note = $3 WHERE log_size = $1 AND note = $2 RETURNING log_size;
