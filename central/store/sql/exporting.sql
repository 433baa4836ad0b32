-- Statements that collect what is about one case.

-- name: cases
-- $1 case_no, $2 node or NULL for all
SELECT joint_case.node, node.name, passage_id, opened_at
  FROM joint_case JOIN node USING (node)
 WHERE case_no = $1 AND ($2::text IS NULL OR node = $2)
 ORDER BY node;

-- name: naming
-- Entries of some kinds in whose bytes one of some texts stands.
-- $1 node, $2 received at or after, $3 kinds, $4 texts, as bytes
SELECT node, seq, body, signature, received_ms, entry.position
  FROM entry
 WHERE node = $1 AND received_at >= $2 AND kind = ANY ($3::text[])
   AND EXISTS (SELECT FROM unnest($4::bytea[]) AS named (text)
                WHERE position(named.text IN body) > 0)
 ORDER BY seq;

-- name: openings
-- $1 node, $2 seqs
SELECT seq, field, salt, text FROM opening
 WHERE node = $1 AND seq = ANY ($2::bigint[]) ORDER BY seq, field;
