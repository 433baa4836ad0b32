-- Every alarm names the entry that it is about; only those that follow from what an entry means are
-- made again by a rebuild.
ALTER TABLE alarm ADD COLUMN derived boolean NOT NULL DEFAULT false;
UPDATE alarm SET derived = seq IS NOT NULL;
