-- Statements on the centre's ledger and what it comes to.

-- name: head
SELECT seq, digest, body FROM centre_entry ORDER BY seq DESC LIMIT 1;

-- name: append
-- Not idempotent: the caller holds the write lock and has just read the head.
-- ?1 seq, ?2 kind, ?3 digest, ?4 body, ?5 signature
INSERT INTO centre_entry (seq, kind, digest, body, signature) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: entries_after
-- ?1 seq (exclusive), ?2 how many
SELECT seq, digest, body, signature FROM centre_entry WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- name: keep_aside
-- Idempotent: what was set aside once, came again and goes again, is kept once. ?1 seq (exclusive)
INSERT INTO centre_set_aside (digest, seq, body, signature)
SELECT digest, seq, body, signature FROM centre_entry WHERE seq > ?1
ON CONFLICT (digest) DO NOTHING;

-- name: take_out
-- The trigger refuses what is not kept aside. ?1 seq (exclusive)
DELETE FROM centre_entry WHERE seq > ?1;

-- name: clear
DELETE FROM centre_view;

-- name: key_entries
SELECT seq, digest, body, signature FROM centre_entry
 WHERE kind IN ('key_rotate', 'key_revoked') ORDER BY seq;

-- name: put
-- Idempotent. ?1 topic, ?2 name, ?3 plate or '', ?4 seq, ?5 view
INSERT INTO centre_view (topic, name, plate, seq, view) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (topic, name) DO UPDATE
   SET plate = excluded.plate, seq = excluded.seq, view = excluded.view;

-- name: take_away
-- Idempotent. ?1 topic, ?2 name
DELETE FROM centre_view WHERE topic = ?1 AND name = ?2;

-- name: empty_topic
-- Idempotent. ?1 topic
DELETE FROM centre_view WHERE topic = ?1;

-- name: one
-- ?1 topic, ?2 name
SELECT view FROM centre_view WHERE topic = ?1 AND name = ?2;

-- name: answer
-- ?1 topic, ?2 name
SELECT seq, view FROM centre_view WHERE topic = ?1 AND name = ?2;

-- name: all_of
-- ?1 topic
SELECT view FROM centre_view WHERE topic = ?1 ORDER BY seq, name;

-- name: of_plate
-- ?1 plate (not ''), ?2 topic
SELECT view, seq FROM centre_view WHERE plate = ?1 AND plate <> '' AND topic = ?2 ORDER BY seq DESC;
