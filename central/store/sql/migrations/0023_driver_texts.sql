-- What drivers write on their pages stands in the centre's own ledger, about cases of stations.
ALTER TABLE opening ADD COLUMN case_node text;
UPDATE opening SET case_node = node;
ALTER TABLE opening ALTER COLUMN case_node SET NOT NULL;
DROP INDEX opening_case;
CREATE INDEX opening_case ON opening (case_node, case_no) WHERE erased_seq IS NULL;
