-- Statements on the views. Writing a view is idempotent: the same entry gives the same row.

-- name: put_passage
-- ?1 passage_id, ?2 seq (kept from the first time), ?3 recheck_of, ?4 view
INSERT INTO passage (passage_id, seq, recheck_of, view) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (passage_id) DO UPDATE SET recheck_of = excluded.recheck_of, view = excluded.view;

-- name: passage
SELECT view FROM passage WHERE passage_id = ?1;

-- name: passage_seq
SELECT seq FROM passage WHERE passage_id = ?1;

-- name: passages
-- ?1 how many
SELECT view FROM passage ORDER BY seq DESC LIMIT ?1;

-- name: rechecks
-- ?1 case_no
SELECT view FROM passage WHERE recheck_of = ?1 ORDER BY seq DESC;

-- name: put_case
-- ?1 case_no, ?2 seq (kept from the first time), ?3 opened_on, ?4 plate, ?5 closed, ?6 view
INSERT INTO joint_case (case_no, seq, opened_on, plate, closed, view)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (case_no) DO UPDATE
   SET plate = excluded.plate, closed = excluded.closed, view = excluded.view;

-- name: case
SELECT view FROM joint_case WHERE case_no = ?1;

-- name: cases
-- ?1 closed (0 or 1), ?2 how many
SELECT view FROM joint_case WHERE closed = ?1 ORDER BY seq DESC LIMIT ?2;

-- name: cases_of
-- ?1 plate; the few that a truck has, newest first
SELECT view FROM joint_case WHERE plate = ?1 ORDER BY seq DESC;

-- name: cases_opened_on
-- ?1 local day
SELECT count(*) FROM joint_case WHERE opened_on = ?1;

-- name: put_waiting
-- Idempotent. ?1 case_no
INSERT OR IGNORE INTO case_waiting (case_no) VALUES (?1);

-- name: take_waiting
-- Idempotent. ?1 case_no
DELETE FROM case_waiting WHERE case_no = ?1;

-- name: cases_waiting
SELECT c.view FROM case_waiting w JOIN joint_case c USING (case_no) ORDER BY c.seq;

-- name: put_evasion
-- ?1 evasion_no, ?2 seq (kept from the first time), ?3 opened_on, ?4 closed, ?5 view
INSERT INTO evasion (evasion_no, seq, opened_on, closed, view) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (evasion_no) DO UPDATE SET closed = excluded.closed, view = excluded.view;

-- name: evasion
SELECT view FROM evasion WHERE evasion_no = ?1;

-- name: evasions
-- ?1 closed (0 or 1), ?2 how many
SELECT view FROM evasion WHERE closed = ?1 ORDER BY seq DESC LIMIT ?2;

-- name: evasions_opened_on
-- ?1 local day
SELECT count(*) FROM evasion WHERE opened_on = ?1;

-- name: put_alarm
-- ?1 seq, ?2 view
INSERT INTO alarm (seq, view) VALUES (?1, ?2)
ON CONFLICT (seq) DO UPDATE SET view = excluded.view;

-- name: alarms
-- ?1 how many
SELECT view FROM alarm ORDER BY seq DESC LIMIT ?1;

-- name: put_act
-- Idempotent. ?1 seq, ?2 case_no, ?3 local day
INSERT INTO case_act (seq, case_no, acted_on) VALUES (?1, ?2, ?3)
ON CONFLICT (seq) DO UPDATE SET case_no = excluded.case_no, acted_on = excluded.acted_on;

-- name: put_filing
-- Idempotent. ?1 case_no, ?2 seq
INSERT OR IGNORE INTO case_filing (case_no, seq) VALUES (?1, ?2);

-- name: put_clip
-- Idempotent: the first import counts. ?1 sha256, ?2 seq
INSERT OR IGNORE INTO clip (sha256, seq) VALUES (?1, ?2);

-- name: clips
-- The newest. ?1 how many
SELECT e.seq, e.digest, e.body, e.signature FROM clip c JOIN entry e USING (seq)
 ORDER BY seq DESC LIMIT ?1;

-- name: clip
-- ?1 sha256
SELECT e.seq, e.digest, e.body, e.signature FROM clip c JOIN entry e USING (seq)
 WHERE c.sha256 = ?1;

-- name: put_document
-- Idempotent. ?1 seq, ?2 number, ?3 kind, ?4 year, ?5 case_no, ?6 view
INSERT INTO document (seq, number, kind, year, case_no, view) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (seq) DO UPDATE
   SET number = excluded.number, kind = excluded.kind, year = excluded.year,
       case_no = excluded.case_no, view = excluded.view;

-- name: put_print
-- Idempotent. ?1 number, ?2 which print
UPDATE document SET prints = max(prints, ?2) WHERE number = ?1;

-- name: documents_of
-- ?1 case_no
SELECT view, prints FROM document WHERE case_no = ?1 ORDER BY seq;

-- name: document
-- ?1 number
SELECT view, prints FROM document WHERE number = ?1;

-- name: documents_issued
-- How many of a kind in a year. ?1 kind, ?2 year
SELECT count(*) FROM document WHERE kind = ?1 AND year = ?2;

-- name: put_recording
-- Whoever names a recording again has it again. ?1 sha256, ?2 seq, ?3 local day, ?4 of a case (0, 1)
INSERT INTO recording (sha256, seq, made_on, of_case) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (sha256) DO UPDATE
   SET seq = max(seq, excluded.seq), made_on = max(made_on, excluded.made_on),
       of_case = max(of_case, excluded.of_case), erased_seq = NULL;

-- name: keep_recording
-- A case refers to it. ?1 sha256
UPDATE recording SET of_case = 1 WHERE sha256 = ?1;

-- name: erase_recording
-- ?1 sha256, ?2 seq of the entry that says so
UPDATE recording SET erased_seq = ?2 WHERE sha256 = ?1;

-- name: clear_views
DELETE FROM passage;
DELETE FROM joint_case;
DELETE FROM case_waiting;
DELETE FROM evasion;
DELETE FROM case_act;
DELETE FROM case_filing;
DELETE FROM clip;
DELETE FROM driver_answer;
DELETE FROM document;
DELETE FROM alarm;
DELETE FROM recording;
DELETE FROM centre_view;
