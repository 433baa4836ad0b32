-- Statements that collect what is about one case.

-- name: cases
-- $1 case_no, $2 node or NULL for all
SELECT joint_case.node, node.name, passage_id, opened_at
  FROM joint_case JOIN node USING (node)
 WHERE case_no = $1 AND ($2::text IS NULL OR node = $2)
 ORDER BY node;

-- name: months
-- The first moments of the months from one on, until now: a partition each. $1 any moment of the first
SELECT generate_series(date_trunc('month', $1::timestamptz), date_trunc('month', now()),
                       interval '1 month') AS month;

-- name: naming
-- Entries of some kinds in whose bytes one of some texts stands.
-- $1 node, $2 received at or after, $3 and before (or NULL), $4 kinds, $5 texts, as bytes
SELECT node, seq, body, signature, received_ms, entry.position
  FROM entry
 WHERE node = $1 AND received_at >= $2 AND received_at < coalesce($3::timestamptz, 'infinity')
   AND kind = ANY ($4::text[])
   AND EXISTS (SELECT FROM unnest($5::bytea[]) AS named (text)
                WHERE position(named.text IN body) > 0)
 ORDER BY seq;

-- name: openings
-- $1 node, $2 seqs
SELECT seq, field, salt, text FROM opening
 WHERE node = $1 AND seq = ANY ($2::bigint[]) AND erased_seq IS NULL ORDER BY seq, field;
