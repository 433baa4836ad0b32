-- Statements that read what a driver's page shows.

-- name: reached
-- How far the next window of the log goes. $1 position after which it begins, $2 its size
SELECT least(size, $1::bigint + $2::bigint) FROM log;

-- name: prints
-- Prints of documents in a window of the log, what drivers asked and what they were answered.
-- $1 after this position, $2 up to it
SELECT node, seq, body, signature
  FROM entry
 WHERE entry.position > $1 AND entry.position <= $2 AND kind IN ('document_printed', 'driver_request', 'driver_answer')
 ORDER BY entry.position;

-- name: case
-- $1 node, $2 case_no
SELECT name, road, occurred_on, file, passage_id, opened_at
  FROM joint_case JOIN node USING (node)
 WHERE node = $1 AND case_no = $2;

-- name: weighings
-- The weighings of a case's truck: the one that opened it, and those again; seq: of the newest
-- entry about it. $1 node, $2 case_no, $3 passage_id of the first, $4 when the case was opened
SELECT passage_id,
       substring(receipt FROM '-([0-9]{1,18})-[0-9a-f]+$')::bigint AS seq
  FROM passage
 WHERE node = $1 AND (passage_id = $3 OR (at >= $4 AND recheck_of = $2))
 ORDER BY at
 LIMIT 20;

-- name: entries
-- A weighing and its reviews: the newest entry about it, and those before it within so many places.
-- $1 node, $2 seq of the newest, $3 how far back, $4 the passage's id as it stands in bytes
SELECT node, seq, body, signature
  FROM entry
 WHERE node = $1 AND seq <= $2 AND seq > $2 - $3::bigint
   AND kind IN ('passage', 'passage_review') AND position($4::bytea IN body) > 0
 ORDER BY seq;

-- name: texts
-- What drivers wrote and is not erased. $1 node, $2 seqs
SELECT seq, text FROM opening
 WHERE node = $1 AND seq = ANY ($2::bigint[]) AND field = 'text' AND text IS NOT NULL;
