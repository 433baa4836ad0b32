-- Statements of the migration runner.

-- name: lock
-- $1 number of the lock, held by this connection until it is given back
SELECT pg_advisory_lock($1);

-- name: unlock
-- $1 number of the lock
SELECT pg_advisory_unlock($1);

-- name: create_table
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied
SELECT version, name, sha256 FROM schema_migration ORDER BY version;

-- name: note
-- $1 version, $2 name, $3 sha256 of the file
INSERT INTO schema_migration (version, name, sha256) VALUES ($1, $2, $3);
