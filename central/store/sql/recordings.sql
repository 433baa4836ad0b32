-- Statements on which recordings the entries name.

-- name: name_recordings
-- Idempotent; the first entry counts. $1 nodes, $2 digests, $3 seqs
INSERT INTO recording (node, sha256, seq)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[])
    ON CONFLICT DO NOTHING;

-- name: named
-- $1 node, $2 digest
SELECT seq FROM recording WHERE node = $1 AND sha256 = $2;
