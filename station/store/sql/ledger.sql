-- Statements on the ledger and what is kept beside its entries.

-- name: head
SELECT seq, digest, body FROM entry ORDER BY seq DESC LIMIT 1;

-- name: newest
SELECT body, signature FROM entry ORDER BY seq DESC LIMIT 1;

-- name: append
-- Not idempotent: the caller holds the write lock and has just read the head.
-- ?1 seq, ?2 kind, ?3 digest, ?4 body, ?5 signature
INSERT INTO entry (seq, kind, digest, body, signature) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: entries_after
-- ?1 seq (exclusive), ?2 how many
SELECT seq, digest, body, signature FROM entry WHERE seq > ?1 ORDER BY seq LIMIT ?2;

-- name: naming
-- Entries about weighings and cases in whose bytes one of some texts stands.
-- ?1 first seq, ?2 the texts, a JSON list
WITH named (text) AS MATERIALIZED (SELECT CAST(value AS BLOB) FROM json_each(?2))
SELECT seq, digest, body, signature FROM entry
 WHERE seq >= ?1
   AND kind IN ('passage', 'passage_review', 'weight_changed', 'case_opened', 'case_act',
                'document_issued', 'document_printed', 'document_signed',
                'recording_imported', 'recording_excused', 'driver_answer')
   AND EXISTS (SELECT 1 FROM named WHERE instr(body, named.text) > 0)
 ORDER BY seq;

-- name: rotations
SELECT seq, digest, body, signature FROM entry WHERE kind = 'key_rotate' ORDER BY seq;

-- name: count_all
-- Of this ledger and of the centre's.
SELECT (SELECT count(*) FROM entry) + (SELECT count(*) FROM centre_entry);

-- name: add_opening
-- Not idempotent. ?1 seq, ?2 field, ?3 salt, ?4 text
INSERT INTO opening (seq, field, salt, text) VALUES (?1, ?2, ?3, ?4);

-- name: openings
-- ?1 first seq, ?2 last seq
SELECT o.field, o.salt, o.text, e.seq, e.body, e.signature
  FROM opening o JOIN entry e USING (seq)
 WHERE o.seq BETWEEN ?1 AND ?2 ORDER BY o.seq, o.field;

-- name: acts_of
-- ?1 case_no
SELECT seq FROM case_act WHERE case_no = ?1 ORDER BY seq;

-- name: case_entries
-- The opening of a case and its acts. ?1 case_no
SELECT seq, digest, body, signature FROM entry
 WHERE seq = (SELECT seq FROM joint_case WHERE case_no = ?1)
    OR seq IN (SELECT seq FROM case_act WHERE case_no = ?1)
 ORDER BY seq;

-- name: file_entries
-- What the file of a case holds beside its acts. ?1 case_no
SELECT seq, digest, body, signature FROM entry
 WHERE seq IN (SELECT seq FROM case_filing WHERE case_no = ?1) ORDER BY seq;

-- name: timeline_entries
-- Opening, acts, weighings, documents and the rest of the file of a case.
-- ?1 case_no, ?2 the passage that opened it
SELECT seq, digest, body, signature FROM entry
 WHERE seq = (SELECT seq FROM joint_case WHERE case_no = ?1)
    OR seq IN (SELECT seq FROM case_act WHERE case_no = ?1)
    OR seq IN (SELECT seq FROM document WHERE case_no = ?1)
    OR seq IN (SELECT seq FROM case_filing WHERE case_no = ?1)
    OR seq IN (SELECT seq FROM passage WHERE recheck_of = ?1 OR passage_id = ?2)
 ORDER BY seq;

-- name: acts_on
-- Acts of any case on local days. ?1 first, ?2 last
SELECT seq, digest, body, signature FROM entry
 WHERE seq IN (SELECT seq FROM case_act WHERE acted_on BETWEEN ?1 AND ?2) ORDER BY seq;

-- name: erasable_openings
-- Of acts before a day, on cases that are closed, once they are at the centre, which counts drivers.
-- ?1 local day (exclusive), ?2 seq up to which entries were delivered
SELECT seq, count(*) FROM opening
 WHERE seq <= ?2 AND seq IN (SELECT a.seq FROM case_act a JOIN joint_case c USING (case_no)
                WHERE a.acted_on < ?1 AND c.closed = 1)
 GROUP BY seq ORDER BY seq;

-- name: openings_aside
SELECT digest, count(*) FROM set_aside_opening GROUP BY digest ORDER BY digest;

-- name: erase_openings
-- Idempotent. Parameters as above.
DELETE FROM opening
 WHERE seq <= ?2 AND seq IN (SELECT a.seq FROM case_act a JOIN joint_case c USING (case_no)
                WHERE a.acted_on < ?1 AND c.closed = 1);

-- name: erase_openings_aside
-- Idempotent. Of a branch that was set aside: it is in force nowhere.
DELETE FROM set_aside_opening;

-- name: keep_aside
-- ?1 seq (exclusive)
INSERT INTO set_aside (digest, seq, body, signature)
SELECT digest, seq, body, signature FROM entry WHERE seq > ?1;

-- name: keep_openings_aside
-- ?1 seq (exclusive)
INSERT INTO set_aside_opening (digest, field, salt, text)
SELECT e.digest, o.field, o.salt, o.text
  FROM opening o JOIN entry e USING (seq) WHERE o.seq > ?1;

-- name: take_openings_out
-- ?1 seq (exclusive)
DELETE FROM opening WHERE seq > ?1;

-- name: take_out
-- The trigger refuses what is not kept aside. ?1 seq (exclusive)
DELETE FROM entry WHERE seq > ?1;

-- name: digests_after
-- ?1 seq (exclusive)
SELECT digest FROM entry WHERE seq > ?1 ORDER BY seq;

-- name: get_meta
SELECT value FROM meta WHERE key = ?1;

-- name: set_meta
-- Idempotent. ?1 key, ?2 value
INSERT INTO meta (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: last_rotation
SELECT coalesce(max(seq), 0) FROM entry WHERE kind = 'key_rotate';
