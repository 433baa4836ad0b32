-- Statements of the demo's audit. They read, and change nothing.

-- name: station_entries
-- SQLite, a station's store.
SELECT seq, kind, digest, body, signature FROM entry ORDER BY seq;

-- name: central_entries
-- PostgreSQL, the centre. $1 node
SELECT seq, kind, digest, body, signature FROM entry WHERE node = $1 ORDER BY seq;
