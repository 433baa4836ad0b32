-- Statements of the connection that listens.

-- name: alive
SELECT 1;
