-- Statements that write the projections.

-- name: add_passage
-- Gives no row when the passage is there already.
-- $1 node, $2 passage_id, $3 receipt, $4 lane, $5 at, $6 occurred_on, $7 plate, $8 plate_colour,
-- $9 trailer_plate, $10 gross_kg, $11 configuration, $12 limit_kg, $13 excess_kg, $14 outcome,
-- $15 recheck_of
INSERT INTO passage
       (node, passage_id, receipt, lane, at, occurred_on, plate, plate_colour, trailer_plate,
        gross_kg, configuration, limit_kg, excess_kg, outcome, recheck_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT DO NOTHING
RETURNING passage_id;

-- name: review_passage
-- $1 node, $2 passage_id, $3 receipt, $4 plate, $5 plate_colour, $6 trailer_plate,
-- $7 configuration, $8 limit_kg, $9 excess_kg, $10 outcome, $11 recheck_of
UPDATE passage
   SET receipt = $3, plate = $4, plate_colour = $5, trailer_plate = $6, configuration = $7,
       limit_kg = $8, excess_kg = $9, outcome = $10, recheck_of = $11, reviewed = true
 WHERE node = $1 AND passage_id = $2
RETURNING gross_kg, occurred_on;

-- name: add_unweighed
-- $1 node, $2 seq, $3 began_at, $4 occurred_on, $5 reason, $6 plate
INSERT INTO unweighed_pass (node, seq, began_at, occurred_on, reason, plate)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: open_case
-- Gives no row when there is a case of that number.
-- $1 node, $2 case_no, $3 violation_id, $4 passage_id, $5 plate, $6 occurred_on, $7 opened_at,
-- $8 opened_on, $9 gross_kg, $10 limit_kg, $11 excess_kg, $12 stage
INSERT INTO joint_case
       (node, case_no, violation_id, passage_id, plate, occurred_on, opened_at, opened_on,
        gross_kg, limit_kg, excess_kg, stage)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT DO NOTHING
RETURNING case_no;

-- name: note_case
-- $1 node, $2 passage_id, $3 case_no
UPDATE passage SET case_no = $3 WHERE node = $1 AND passage_id = $2;

-- name: case
-- $1 node, $2 case_no
SELECT case_no, violation_id, passage_id, plate, occurred_on, opened_at, gross_kg, limit_kg,
       excess_kg, stage, released_at, fine_fen, points
  FROM joint_case
 WHERE node = $1 AND case_no = $2;

-- name: save_case
-- $1 node, $2 case_no, $3 plate, $4 stage, $5 released_at, $6 fine_fen, $7 points, $8 closed_on
UPDATE joint_case
   SET plate = $3, stage = $4, released_at = $5, fine_fen = $6, points = $7, closed_on = $8
 WHERE node = $1 AND case_no = $2;

-- name: note_unloading
-- $1 node, $2 case_no, $3 cleared_on, $4 unloaded_kg
UPDATE joint_case SET cleared_on = $3, unloaded_kg = $4 WHERE node = $1 AND case_no = $2;

-- name: add_effective_decision
-- Gives no row for a second fine on one violation (行政处罚法 art 29). Another transaction that is
-- writing the first one is waited for.
-- $1 node, $2 seq, $3 case_no, $4 violation_id, $5 plate, $6 occurred_on, $7 decided_at, $8 kind,
-- $9 fine_fen, $10 points
INSERT INTO decision
       (node, seq, case_no, violation_id, plate, occurred_on, decided_at, kind, fine_fen, points,
        effective)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true)
    ON CONFLICT (violation_id) WHERE effective AND kind = 'fine' DO NOTHING
RETURNING seq;

-- name: add_void_decision
-- Parameters as above.
INSERT INTO decision
       (node, seq, case_no, violation_id, plate, occurred_on, decided_at, kind, fine_fen, points,
        effective)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, false);

-- name: forget_legal_ids
DELETE FROM legal_id;

-- name: add_legal_id
-- Idempotent; the last line of a program counts. $1 legal_id, $2 first_on, $3 last_on
INSERT INTO legal_id (legal_id, first_on, last_on) VALUES ($1, $2, $3)
    ON CONFLICT (legal_id) DO UPDATE SET first_on = excluded.first_on, last_on = excluded.last_on;

-- name: may_weigh
-- True when no list was published. $1 legal_id, $2 on
SELECT NOT EXISTS (SELECT FROM legal_id)
    OR EXISTS (SELECT FROM legal_id
                WHERE legal_id = $1 AND first_on <= $2 AND (last_on IS NULL OR last_on >= $2));

-- name: raise_alarm
-- $1 node, $2 seq, $3 code, $4 detail, $5 at, $6 derived
INSERT INTO alarm (node, seq, code, detail, at, derived) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING alarm_id;

-- name: alarmed
-- $1 node, $2 code, $3 detail
SELECT EXISTS (SELECT FROM alarm WHERE node = $1 AND code = $2 AND detail = $3);

-- name: forget
-- Everything that follows from entries, before it is made again. Alarms that follow from none stay.
DELETE FROM passage;
DELETE FROM unweighed_pass;
DELETE FROM joint_case;
DELETE FROM decision;
DELETE FROM legal_id;
DELETE FROM alarm WHERE derived;
