-- Statements on what is kept no longer.

-- name: next_received
-- When the next entry came that the projector has not seen. $1 its position
SELECT received_at FROM entry WHERE position = $1 + 1;

-- name: due_openings
-- Clear texts whose time is over: of acts before a day that their node has erased, and of cases that
-- were closed before another and whose act does not count either. Of a case that is not here nothing
-- counts. $1 acts before this local day, $2 cases closed before this local day, $3 limit
SELECT opening.node, opening.seq, field, asked_seq IS NOT NULL AS asked
  FROM opening LEFT JOIN joint_case ON (joint_case.node, joint_case.case_no)
                                     = (opening.case_node, opening.case_no)
 WHERE erased_seq IS NULL AND coalesce(occurred_on < $1, true)
   AND (asked_seq IS NOT NULL OR closed_on < $2)
 ORDER BY opening.node, asked, opening.seq, field
 LIMIT $3;

-- name: erase_openings
-- Idempotent. $1 node, $2 seqs, $3 fields, $4 seq of the centre's own entry that says so
UPDATE opening SET salt = NULL, text = NULL, erased_seq = $4
  FROM unnest($2::bigint[], $3::text[]) AS one (seq, field)
 WHERE opening.node = $1 AND opening.seq = one.seq AND opening.field = one.field
   AND erased_seq IS NULL;

-- name: erase_refused
-- Idempotent. $1 before this local day
DELETE FROM refused_access WHERE day < $1;

-- name: wait_shortly
-- Whoever delivers waits behind a statement that waits for the whole table.
SET lock_timeout = '1s';

-- name: rewrite_openings
-- Leaves nothing of what was erased in the table's file.
VACUUM (FULL) opening;
