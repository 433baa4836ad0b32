-- Statements on what drivers ask and what they were answered.

-- name: put_text
-- Idempotent. ?1 seq of the centre's entry, ?2 field, ?3 salt, ?4 text
INSERT OR IGNORE INTO centre_opening (seq, field, salt, text) VALUES (?1, ?2, ?3, ?4);

-- name: erase_texts
-- Idempotent. ?1 seq of the centre's entry
DELETE FROM centre_opening WHERE seq = ?1;

-- name: take_texts_out
-- ?1 seq (exclusive)
DELETE FROM centre_opening WHERE seq > ?1;

-- name: put_answer
-- Idempotent; the first answer counts. ?1 seq of the centre's entry, ?2 case_no, ?3 view
INSERT OR IGNORE INTO driver_answer (request_seq, case_no, view) VALUES (?1, ?2, ?3);

-- name: asked
-- In order. Names stand side by side: ?1 what they begin with, ?2 what comes after the last of them,
-- ?3 1: those without an answer alone
SELECT v.seq, v.view, o.salt, o.text, a.view
  FROM centre_view v
  LEFT JOIN centre_opening o ON o.seq = v.seq AND o.field = 'text'
  LEFT JOIN driver_answer a ON a.request_seq = v.seq
 WHERE v.topic = 'driver_request' AND v.name >= ?1 AND v.name < ?2
   AND (?3 = 0 OR a.request_seq IS NULL)
 ORDER BY v.seq;
