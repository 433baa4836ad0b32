-- Statements on the ledger and its delivery.

-- name: head
SELECT seq, digest, body FROM entry ORDER BY seq DESC LIMIT 1;

-- name: append
-- Not idempotent: the caller holds the write lock and has just read the head.
-- ?1 seq, ?2 kind, ?3 digest, ?4 body, ?5 signature
INSERT INTO entry (seq, kind, digest, body, signature) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: entries_after
-- ?1 seq (exclusive), ?2 how many
SELECT seq, digest, body, signature FROM entry WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- name: get_meta
SELECT value FROM meta WHERE key = ?1;

-- name: set_meta
-- Idempotent. ?1 key, ?2 value
INSERT INTO meta (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: last_rotation
SELECT coalesce(max(seq), 0) FROM entry WHERE kind = 'key_rotate';
