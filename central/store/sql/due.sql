-- Statements that read cases for their legal clocks.

-- name: marks
-- $1 closed on this local day or later, when closed at all
SELECT node, case_no, seq
  FROM joint_case
 WHERE closed_on IS NULL OR closed_on >= $1;

-- name: files
-- $1 nodes, $2 case_nos: of one case each
SELECT node, case_no, seq, file
  FROM joint_case
  JOIN unnest($1::text[], $2::text[]) AS asked (node, case_no) USING (node, case_no);
