-- Statements on looking through stations' cameras.

-- name: begin
-- Gives no row when so many look at once. $1 watch_id, $2 node, $3 certificate_no, $4 at, $5 most
INSERT INTO camera_watch (watch_id, node, certificate_no, began_at, seen_at)
SELECT $1, $2, $3, $4::timestamptz, $4
 WHERE (SELECT count(*) FROM camera_watch WHERE node = $2 AND ended_at IS NULL) < $5
RETURNING watch_id;

-- name: running
-- $1 node
SELECT watch_id, node, certificate_no
  FROM camera_watch WHERE node = $1 AND ended_at IS NULL ORDER BY began_at, watch_id;

-- name: watch
-- $1 watch_id
SELECT watch_id, node, certificate_no
  FROM camera_watch WHERE watch_id = $1 AND ended_at IS NULL;

-- name: seen
-- Gives no row when the watch has ended. $1 watch_id, $2 at
UPDATE camera_watch SET seen_at = greatest(seen_at, $2)
 WHERE watch_id = $1 AND ended_at IS NULL
RETURNING watch_id;

-- name: end
-- Idempotent. $1 watch_id, $2 at
WITH forgotten AS (DELETE FROM camera_frame WHERE watch_id = $1)
UPDATE camera_watch SET ended_at = $2 WHERE watch_id = $1 AND ended_at IS NULL;

-- name: end_gone
-- Idempotent. $1 node, $2 seen before, $3 at
WITH gone AS (
    UPDATE camera_watch SET ended_at = $3
     WHERE node = $1 AND ended_at IS NULL AND seen_at < $2
    RETURNING watch_id)
DELETE FROM camera_frame USING gone WHERE camera_frame.watch_id = gone.watch_id;

-- name: put
-- Nothing is kept of a watch that has ended meanwhile. $1 watch_id, $2 jpeg, $3 channel
WITH written AS (
    INSERT INTO camera_frame AS frame (watch_id, number, jpeg)
    SELECT watch_id, 1, $2 FROM camera_watch WHERE watch_id = $1 AND ended_at IS NULL
        ON CONFLICT (watch_id) DO UPDATE SET number = frame.number + 1, jpeg = excluded.jpeg
    RETURNING watch_id)
SELECT pg_notify($3, watch_id) FROM written;

-- name: picture
-- $1 watch_id, $2 only with a higher number than this
SELECT number, jpeg FROM camera_frame WHERE watch_id = $1 AND number > $2;
