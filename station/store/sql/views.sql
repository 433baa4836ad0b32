-- Statements on the views. Writing a view is idempotent: the same entry gives the same row.

-- name: put_passage
-- ?1 passage_id, ?2 seq (kept from the first time), ?3 recheck_of, ?4 view
INSERT INTO passage (passage_id, seq, recheck_of, view) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (passage_id) DO UPDATE SET recheck_of = excluded.recheck_of, view = excluded.view;

-- name: passage
SELECT view FROM passage WHERE passage_id = ?1;

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

-- name: put_alarm
-- ?1 seq, ?2 view
INSERT INTO alarm (seq, view) VALUES (?1, ?2)
ON CONFLICT (seq) DO UPDATE SET view = excluded.view;

-- name: alarms
-- ?1 how many
SELECT view FROM alarm ORDER BY seq DESC LIMIT ?1;

-- name: clear_views
DELETE FROM passage;
DELETE FROM joint_case;
DELETE FROM alarm;
