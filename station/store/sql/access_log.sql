-- Statements on refused accesses (访问拒绝记录).

-- name: add_refused
-- ?1 day, ?2 who, ?3 what, ?4 why, ?5 times, ?6 first_at, ?7 last_at, ?8 last_from
INSERT INTO refused_access (day, who, what, why, times, first_at, last_at, last_from)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (day, who, what, why) DO UPDATE
   SET times = times + excluded.times, last_at = excluded.last_at, last_from = excluded.last_from;

-- name: newest_refused
-- ?1 limit
SELECT day, who, what, why, times, first_at, last_at, last_from FROM refused_access
 ORDER BY last_at DESC LIMIT ?1;

-- name: erase_refused
-- Idempotent. ?1 before this local day
DELETE FROM refused_access WHERE day < ?1;
