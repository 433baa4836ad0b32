-- Statements on delivery: receipts, and how far entries and recordings have come.

-- name: body_at
-- ?1 seq
SELECT body FROM entry WHERE seq = ?1;

-- name: keep_receipt
-- Idempotent: a receipt that says the same again adds nothing, but that it is true of this log too.
-- ?1 seq, ?2 log_size, ?3 root, ?4 digest, ?5 leaf_index, ?6 at, ?7 key_id, ?8 sig, ?9 log
INSERT INTO receipt (seq, log_size, root, digest, leaf_index, at, key_id, sig, log)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (seq, log_size, root, digest, leaf_index) DO UPDATE SET log = excluded.log;

-- name: earlier_receipts
-- Of one log: that of its largest tree, and those of one place. ?1 seq, ?2 log
SELECT seq, log_size, root, digest, leaf_index, at, key_id, sig FROM receipt
 WHERE log = ?2 AND log_size = (SELECT max(log_size) FROM receipt WHERE log = ?2)
UNION
SELECT seq, log_size, root, digest, leaf_index, at, key_id, sig FROM receipt
 WHERE seq = ?1 AND log = ?2;

-- name: last_receipt
-- Of the newest entry. ?1 log
SELECT seq, log_size, root, digest, leaf_index, at, key_id, sig FROM receipt
 WHERE log = ?1 ORDER BY seq DESC, log_size DESC LIMIT 1;

-- name: receipts
-- ?1 first seq, ?2 last seq
SELECT seq, log_size, root, digest, leaf_index, at, key_id, sig FROM receipt
 WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq, log, log_size;

-- name: covering_receipt
-- The first one from there on that names the entry of its place, and not another. ?1 seq, ?2 log
SELECT r.seq, r.log_size, r.root, r.digest, r.leaf_index, r.at, r.key_id, r.sig
  FROM receipt r JOIN entry e ON e.seq = r.seq AND e.digest = r.digest
 WHERE r.seq >= ?1 AND r.log = ?2 ORDER BY r.seq, r.log_size LIMIT 1;

-- name: media_waiting
-- ?1 seq up to which all were sent, ?2 seq up to which entries were delivered
SELECT count(*) FROM recording WHERE seq > ?1 AND seq <= ?2 AND erased_seq IS NULL;

-- name: due
-- ?1 local day (exclusive), ?2 seq up to which all were sent, ?3 how many
SELECT sha256 FROM recording
 WHERE of_case = 0 AND erased_seq IS NULL AND made_on < ?1 AND seq <= ?2
 ORDER BY made_on, seq, sha256 LIMIT ?3;

-- name: newest_erased
SELECT sha256 FROM recording
 WHERE erased_seq = (SELECT max(erased_seq) FROM recording WHERE erased_seq IS NOT NULL);

-- name: was_erased
-- ?1 sha256
SELECT 1 FROM recording WHERE sha256 = ?1 AND erased_seq IS NOT NULL;
