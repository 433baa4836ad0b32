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
RETURNING gross_kg, occurred_on, at;

-- name: add_unweighed
-- $1 node, $2 seq, $3 began_at, $4 occurred_on, $5 reason, $6 plate
INSERT INTO unweighed_pass (node, seq, began_at, occurred_on, reason, plate)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: open_case
-- Gives no row when there is a case of that number.
-- $1 node, $2 case_no, $3 violation_id, $4 passage_id, $5 plate, $6 occurred_on, $7 opened_at,
-- $8 opened_on, $9 gross_kg, $10 limit_kg, $11 excess_kg, $12 removal, $13 penalty, $14 custody,
-- $15 remedy, $16 file, $17 seq, $18 penal
INSERT INTO joint_case
       (node, case_no, violation_id, passage_id, plate, occurred_on, opened_at, opened_on,
        gross_kg, limit_kg, excess_kg, removal, penalty, custody, remedy, file, seq, penal)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    ON CONFLICT DO NOTHING
RETURNING case_no;

-- name: note_case
-- $1 node, $2 passage_id, $3 case_no
UPDATE passage SET case_no = $3 WHERE node = $1 AND passage_id = $2;

-- name: case
-- $1 node, $2 case_no
SELECT occurred_on, file
  FROM joint_case
 WHERE node = $1 AND case_no = $2;

-- name: save_case
-- $1 node, $2 case_no, $3 plate, $4 removal, $5 penalty, $6 custody, $7 remedy, $8 released_at,
-- $9 fine_fen, $10 points, $11 closed_on, $12 file, $13 seq
UPDATE joint_case
   SET plate = $3, removal = $4, penalty = $5, custody = $6, remedy = $7, released_at = $8,
       fine_fen = $9, points = $10, closed_on = $11, file = $12, seq = $13
 WHERE node = $1 AND case_no = $2;

-- name: note_unloading
-- $1 node, $2 case_no, $3 cleared_at, $4 cleared_on, $5 unloaded_kg, $6 seq
UPDATE joint_case SET cleared_at = $3, cleared_on = $4, unloaded_kg = $5, seq = $6
 WHERE node = $1 AND case_no = $2;

-- name: lock_plate
-- Whoever else judges a decision on the same truck waits. $1 plate
SELECT pg_advisory_xact_lock(hashtextextended('decision ' || $1, 0));

-- name: standing
-- The effective fine on the act of a case, or on the same transport: the truck was weighed within
-- $6 hours of it, its mass agrees within $7 kg, and what was found first was not put right before the
-- later weighing.
-- $1 node, $2 case_no, $3 violation_id, $4 plate, $5 opened_at, $6 hours, $7 kg, $8 gross_kg
SELECT d.node, d.case_no, d.violation_id
  FROM decision d JOIN joint_case c USING (node, case_no)
 WHERE d.effective AND d.kind = 'fine' AND (d.node, d.case_no) <> ($1, $2)
   AND (d.violation_id = $3
        OR (d.plate = $4
            AND c.opened_at BETWEEN $5::timestamptz - $6::integer * interval '1 hour'
                                AND $5::timestamptz + $6::integer * interval '1 hour'
            AND abs(c.gross_kg - $8) <= $7
            AND CASE WHEN c.opened_at < $5
                     THEN c.cleared_at IS NULL OR c.cleared_at >= $5
                     ELSE (SELECT own.cleared_at IS NULL OR own.cleared_at >= c.opened_at
                             FROM joint_case own
                            WHERE own.node = $1 AND own.case_no = $2)
                END))
 ORDER BY d.violation_id <> $3, d.decided_at
 LIMIT 1;

-- name: end_decision
-- Idempotent. $1 node, $2 case_no, $3 seq
UPDATE decision SET effective = false, changed_seq = $3
 WHERE node = $1 AND case_no = $2;

-- name: change_decision
-- Idempotent. $1 node, $2 case_no, $3 fine_fen, $4 points, $5 seq
UPDATE decision SET fine_fen = $3, points = $4, changed_seq = $5
 WHERE node = $1 AND case_no = $2;

-- name: decision_effective
-- $1 node, $2 case_no, $3 violation_id
SELECT effective FROM decision WHERE node = $1 AND case_no = $2 AND violation_id = $3;

-- name: add_decision
-- A unique index refuses a second effective fine on one violation (行政处罚法 art 29).
-- $1 node, $2 seq, $3 case_no, $4 violation_id, $5 plate, $6 occurred_on, $7 decided_at, $8 kind,
-- $9 fine_fen, $10 points, $11 effective
INSERT INTO decision
       (node, seq, case_no, violation_id, plate, occurred_on, decided_at, kind, fine_fen, points,
        effective)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: add_evasion
-- Gives no row when there is an evasion case of that number.
-- $1 node, $2 evasion_no, $3 deed, $4 plate, $5 place, $6 occurred_at, $7 opened_at, $8 passage_id,
-- $9 stage, $10 held, $11 file, $12 seq
INSERT INTO evasion
       (node, evasion_no, deed, plate, place, occurred_at, opened_at, passage_id, stage, held, file,
        seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT DO NOTHING
RETURNING evasion_no;

-- name: evasion
-- $1 node, $2 evasion_no
SELECT file FROM evasion WHERE node = $1 AND evasion_no = $2;

-- name: save_evasion
-- $1 node, $2 evasion_no, $3 stage, $4 held, $5 fine_fen, $6 closed_on, $7 file, $8 seq
UPDATE evasion SET stage = $3, held = $4, fine_fen = $5, closed_on = $6, file = $7, seq = $8
 WHERE node = $1 AND evasion_no = $2;

-- name: ask_erasure
-- Idempotent; the first that asks counts. $1 node, $2 seqs, $3 seq of the entry that asks
UPDATE opening SET asked_seq = $3
 WHERE node = $1 AND seq = ANY ($2::bigint[]) AND asked_seq IS NULL;

-- name: add_mismatch
-- $1 node, $2 seq, $3 passage_id, $4 case_no, $5 subject, $6 plate, $7 home, $8 kinds, $9 facts,
-- $10 noted_at, $11 noted_on
INSERT INTO vehicle_mismatch
       (node, seq, passage_id, case_no, subject, plate, home, kinds, facts, noted_at, noted_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: note_copied
-- Who was told before was told then. $1 node, $2 seq, $3 copied_seq, $4 letter_no, $5 copied_at
UPDATE vehicle_mismatch
   SET copied_seq = $3, letter_no = $4, copied_at = $5
 WHERE node = $1 AND seq = $2 AND copied_seq IS NULL;

-- name: add_permit
-- $1 seq, $2 permit_no, $3 said
INSERT INTO permit (seq, permit_no, said) VALUES ($1, $2, $3);

-- name: permits
-- $1 permit_no
SELECT seq, said FROM permit WHERE permit_no = $1 ORDER BY seq DESC;

-- name: owns
-- $1 node
SELECT own FROM node WHERE node = $1;

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
DELETE FROM evasion;
DELETE FROM legal_id;
DELETE FROM permit;
DELETE FROM vehicle_mismatch;
DELETE FROM alarm WHERE derived;
