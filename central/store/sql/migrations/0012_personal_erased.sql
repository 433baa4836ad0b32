-- Clear texts of personal fields are erased here too. case_no: of the act that they belong to.
-- asked_seq: the entry by which the node said that it had erased them. erased_seq: the entry of the
-- centre's own ledger that says that salt and text are gone; the row stays, so that no later delivery
-- brings them back. Bodies are canonical: keys in order, no white space.
ALTER TABLE opening
    ADD COLUMN case_no    text,
    ADD COLUMN asked_seq  bigint,
    ADD COLUMN erased_seq bigint,
    ALTER COLUMN salt DROP NOT NULL,
    ALTER COLUMN text DROP NOT NULL;
UPDATE opening
   SET case_no = coalesce(substring(convert_from(entry.body, 'UTF8')
                                    FROM '"case_no":"((?:[^"\\]|\\.)*)"'), '')
  FROM entry
 WHERE entry.node = opening.node AND entry.seq = opening.seq;
UPDATE opening SET case_no = '' WHERE case_no IS NULL;
ALTER TABLE opening
    ALTER COLUMN case_no SET NOT NULL,
    ADD CONSTRAINT opening_erased
        CHECK ((salt IS NULL) = (erased_seq IS NOT NULL) AND (text IS NULL) = (salt IS NULL));
CREATE INDEX opening_case ON opening (node, case_no) WHERE erased_seq IS NULL;
