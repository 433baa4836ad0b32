-- Statements that read the projections.

-- name: nodes
SELECT node, node.name, road, last_seq, last_entry_at, quarantined_at,
       reason, proposed_by, coalesce(officer.name, '') AS officer_name, proposed_at
  FROM node
  LEFT JOIN quarantine_release USING (node)
  LEFT JOIN officer ON certificate_no = proposed_by
 WHERE NOT own
 ORDER BY node;

-- name: passages
-- $1 nodes or NULL for all, $2 limit
SELECT node, passage_id, receipt, lane, at, occurred_on, plate, plate_colour, trailer_plate,
       gross_kg, configuration, limit_kg, excess_kg, outcome, reviewed, recheck_of, case_no, touched
  FROM passage
 WHERE $1::text[] IS NULL OR node = ANY ($1)
 ORDER BY at DESC, node, passage_id
 LIMIT $2;

-- name: passages_since
-- $1 nodes or NULL for all, $2 after this turn, $3 up to this turn, $4 limit
SELECT node, passage_id, receipt, lane, at, occurred_on, plate, plate_colour, trailer_plate,
       gross_kg, configuration, limit_kg, excess_kg, outcome, reviewed, recheck_of, case_no, touched
  FROM passage
 WHERE touched > $2 AND touched <= $3 AND ($1::text[] IS NULL OR node = ANY ($1))
 ORDER BY touched, at, node, passage_id
 LIMIT $4;

-- name: ahead
-- $1 nodes or NULL for all, $2 from this seq on, $3 limit
SELECT ahead.body, ahead.signature
  FROM ahead JOIN node USING (node)
 WHERE ($1::text[] IS NULL OR node = ANY ($1)) AND ahead.seq >= $2 AND ahead.seq > last_seq
 ORDER BY ahead.received_at DESC, ahead.seq DESC
 LIMIT $3;

-- name: cases
-- $1 nodes or NULL for all; $2 closed, or NULL for both; $3 limit
SELECT node, case_no, plate, opened_at, gross_kg, limit_kg, excess_kg, removal, penalty,
       custody, released_at, fine_fen, points, closed_on IS NOT NULL AS closed, touched
  FROM joint_case
 WHERE ($1::text[] IS NULL OR node = ANY ($1))
   AND ($2::boolean IS NULL OR $2 = (closed_on IS NOT NULL))
 ORDER BY opened_at DESC, node, case_no
 LIMIT $3;

-- name: cases_since
-- $1 nodes or NULL for all, $2 after this turn, $3 up to this turn, $4 limit
SELECT node, case_no, plate, opened_at, gross_kg, limit_kg, excess_kg, removal, penalty,
       custody, released_at, fine_fen, points, closed_on IS NOT NULL AS closed, touched
  FROM joint_case
 WHERE touched > $2 AND touched <= $3 AND ($1::text[] IS NULL OR node = ANY ($1))
 ORDER BY touched, opened_at, node, case_no
 LIMIT $4;

-- name: evasions
-- $1 nodes or NULL for all; $2 closed, or NULL for both; $3 limit
SELECT node, file
  FROM evasion
 WHERE ($1::text[] IS NULL OR node = ANY ($1))
   AND ($2::boolean IS NULL OR $2 = (closed_on IS NOT NULL))
 ORDER BY opened_at DESC, node, evasion_no
 LIMIT $3;

-- name: mismatches
-- $1 nodes or NULL for all; $2 home or NULL for all; $3 copied, or NULL for both; $4 limit
SELECT node, seq, passage_id, case_no, subject, plate, home, kinds, facts, noted_at, noted_on,
       letter_no, copied_at
  FROM vehicle_mismatch
 WHERE ($1::text[] IS NULL OR node = ANY ($1))
   AND ($2::text IS NULL OR home = $2)
   AND ($3::boolean IS NULL OR $3 = (copied_seq IS NOT NULL))
 ORDER BY noted_at DESC, node, seq
 LIMIT $4;

-- name: alarms
-- $1 nodes or NULL for all, $2 limit
SELECT alarm_id, node, seq, code, detail, at
  FROM alarm
 WHERE $1::text[] IS NULL OR node = ANY ($1)
 ORDER BY alarm_id DESC LIMIT $2;

-- name: alarms_since
-- $1 nodes or NULL for all, $2 after this turn, $3 up to this turn, $4 limit
SELECT alarm_id, node, seq, code, detail, at
  FROM alarm
 WHERE touched > $2 AND touched <= $3 AND ($1::text[] IS NULL OR node = ANY ($1))
 ORDER BY alarm_id
 LIMIT $4;

-- name: turn
SELECT position FROM progress WHERE worker = 'turn';

-- name: counts
-- A weighing whose case was voided since an officer last looked at it is no finding.
-- $1 nodes or NULL for all, $2 local day
SELECT node.node, passages, released, warnings, violations, reviews_open, unweighed,
       cases_opened, cases_closed, unloaded_kg
  FROM node
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE recheck_of IS NULL) AS passages,
              count(*) FILTER (WHERE recheck_of IS NULL AND outcome IN ('lawful', 'permitted'))
                  AS released,
              count(*) FILTER (WHERE recheck_of IS NULL AND outcome = 'warning') AS warnings,
              count(*) FILTER (WHERE recheck_of IS NULL AND outcome = 'violation'
                                     AND voided.case_no IS NULL) AS violations,
              count(*) FILTER (WHERE outcome = 'needs_review') AS reviews_open
         FROM passage
         LEFT JOIN joint_case AS voided
                ON voided.node = passage.node AND voided.case_no = passage.case_no
               AND voided.penalty = 'voided'
               AND voided.seq > substring(receipt FROM '-([0-9]{1,18})-[0-9a-f]+$')::bigint
        WHERE passage.node = node.node AND passage.occurred_on = $2) AS weighed
 CROSS JOIN LATERAL (
       SELECT count(*) AS unweighed
         FROM unweighed_pass
        WHERE unweighed_pass.node = node.node AND occurred_on = $2) AS passed
 CROSS JOIN LATERAL (
       SELECT count(*) AS cases_opened
         FROM joint_case WHERE joint_case.node = node.node AND opened_on = $2
                              AND penalty <> 'voided') AS opened
 CROSS JOIN LATERAL (
       SELECT count(*) AS cases_closed
         FROM joint_case WHERE joint_case.node = node.node AND closed_on = $2
                              AND penalty <> 'voided') AS closed
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(unloaded_kg), 0)::bigint AS unloaded_kg
         FROM joint_case WHERE joint_case.node = node.node AND cleared_on = $2
                              AND penalty <> 'voided') AS cleared
 WHERE NOT node.own AND ($1::text[] IS NULL OR node.node = ANY ($1))
 ORDER BY node.node;

-- name: decisions
-- Of plates with more than $3 decisions alone; which colour counts for what is decided in code.
-- $1 first day of the act, $2 last day, $3 more than this many
SELECT decision.plate, coalesce(passage.plate_colour, 'unknown') AS colour,
       decision.violation_id, decision.case_no, decision.occurred_on
  FROM decision
  JOIN (SELECT plate
          FROM decision
         WHERE effective AND occurred_on BETWEEN $1 AND $2
         GROUP BY plate
        HAVING count(*) > $3) AS often USING (plate)
  LEFT JOIN joint_case
         ON joint_case.node = decision.node AND joint_case.case_no = decision.case_no
  LEFT JOIN passage
         ON passage.node = joint_case.node AND passage.passage_id = joint_case.passage_id
 WHERE decision.effective AND decision.occurred_on BETWEEN $1 AND $2
 ORDER BY decision.plate, decision.occurred_on, decision.node, decision.seq;
