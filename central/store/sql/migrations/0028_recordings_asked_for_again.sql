-- A recording that was lost or changed here is asked for again from its station.
-- wanted_at: when the audit last missed it; NULL: it is not asked for.
ALTER TABLE recording ADD COLUMN wanted_at timestamptz;
CREATE INDEX recording_wanted ON recording (node) WHERE wanted_at IS NOT NULL;
