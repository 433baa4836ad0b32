-- Statements on recordings: which the entries name, which are here, which are gone.

-- name: name_recordings
-- Idempotent; the first entry counts. Whoever names a recording again has it again.
-- $1 nodes, $2 digests, $3 seqs, $4 local days, NULL for a digest that is no recording's
INSERT INTO recording (node, sha256, seq, named_on)
SELECT node, sha256, min(seq), max(named_on)
  FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::date[]) AS one (node, sha256, seq, named_on)
 GROUP BY node, sha256
    ON CONFLICT (node, sha256) DO UPDATE
   SET named_on = greatest(recording.named_on, excluded.named_on),
       erased_seq = CASE WHEN excluded.named_on IS NULL THEN recording.erased_seq END;

-- name: note_namings
-- Idempotent. $1 nodes, $2 digests, $3 seqs, $4 local days, $5 passage_ids, $6 case_nos
INSERT INTO recording_naming (node, sha256, seq, named_on, passage_id, case_no)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::date[], $5::text[], $6::text[])
    ON CONFLICT DO NOTHING;

-- name: named
-- $1 node, $2 digest
SELECT seq, erased_seq IS NOT NULL AS erased FROM recording WHERE node = $1 AND sha256 = $2;

-- name: note_held
-- It is not asked for any more. Idempotent. $1 node, $2 digest, $3 at
UPDATE recording SET held_at = coalesce(held_at, $3), wanted_at = NULL
 WHERE node = $1 AND sha256 = $2 AND (held_at IS NULL OR wanted_at IS NOT NULL);

-- name: want
-- Idempotent. $1 node, $2 digest, $3 at
UPDATE recording SET wanted_at = $3 WHERE node = $1 AND sha256 = $2 AND erased_seq IS NULL;

-- name: wanted
-- At random: what a station has lost itself keeps nothing else back. $1 node, $2 since, $3 limit
SELECT encode(sha256, 'hex') AS sha256 FROM recording
 WHERE node = $1 AND wanted_at >= $2 AND erased_seq IS NULL
 ORDER BY random() LIMIT $3;

-- name: due_recordings
-- Of one node: recordings that no entry of any node has named since a day, and that no case refers
-- to. $1 named before this local day, $2 limit
WITH due AS (
    SELECT node, sha256
      FROM recording
     WHERE erased_seq IS NULL AND named_on < $1
       AND NOT EXISTS (
           SELECT FROM recording_naming AS naming
             LEFT JOIN passage USING (node, passage_id)
            WHERE naming.sha256 = recording.sha256
              AND (naming.named_on >= $1 OR naming.case_no IS NOT NULL
                   OR passage.case_no IS NOT NULL OR passage.recheck_of IS NOT NULL))
     ORDER BY node, sha256
     LIMIT $2)
SELECT node, encode(sha256, 'hex') AS sha256 FROM due
 WHERE node = (SELECT min(node) FROM due) ORDER BY sha256;

-- name: erase_recordings
-- Idempotent. $1 node, $2 digests, $3 seq of the centre's own entry that says so
UPDATE recording SET erased_seq = $3 WHERE node = $1 AND sha256 = ANY ($2::bytea[]);

-- name: newest_erased
-- What the newest erasure was of, and nobody has named again since.
SELECT encode(sha256, 'hex') AS sha256 FROM recording
 WHERE erased_seq = (SELECT max(erased_seq) FROM recording WHERE erased_seq IS NOT NULL)
   AND NOT EXISTS (SELECT FROM recording_naming AS naming
                     JOIN recording AS other USING (node, sha256)
                    WHERE naming.sha256 = recording.sha256 AND other.erased_seq IS NULL);

-- name: states
-- What is known of recordings. $1 nodes, $2 digests
SELECT recording.node, encode(recording.sha256, 'hex') AS sha256, held_at, erased_seq,
       (SELECT min(naming.seq) FROM recording_naming AS naming
         WHERE naming.sha256 = recording.sha256 AND naming.node = recording.node) AS first_seq
  FROM recording
  JOIN unnest($1::text[], $2::bytea[]) AS one (node, sha256) USING (node, sha256);

-- name: erasures
-- How many recordings are gone after which entry of the centre's own ledger.
SELECT erased_seq, count(*) AS count FROM recording WHERE erased_seq IS NOT NULL GROUP BY erased_seq;

-- name: own_erasures
-- $1 the centre's own node
SELECT node, seq, body, signature FROM entry WHERE node = $1 AND kind = 'recordings_erased';

-- name: page
-- $1 after this position, $2 up to this one, $3 limit
SELECT position, node, seq, body, signature, received_at FROM entry
 WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3;

-- name: size
SELECT size FROM log;
