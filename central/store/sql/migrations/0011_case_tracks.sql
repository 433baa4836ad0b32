-- A case has four tracks, and its file is kept whole: what may be done depends on what was done.
-- Projections are made again from the entries: nothing is lost with them.
DELETE FROM decision;
DELETE FROM joint_case;
DELETE FROM unweighed_pass;
DELETE FROM passage;
DELETE FROM alarm WHERE derived;
DELETE FROM legal_id;
DELETE FROM progress;
ALTER TABLE joint_case DROP COLUMN stage;
ALTER TABLE joint_case
    ADD COLUMN removal    text  NOT NULL,
    ADD COLUMN penalty    text  NOT NULL,
    ADD COLUMN custody    text  NOT NULL,
    ADD COLUMN remedy     text  NOT NULL,
    ADD COLUMN cleared_at timestamptz,
    ADD COLUMN file       bytea NOT NULL;
