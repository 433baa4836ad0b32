-- Every entry that names a recording, so that nothing is erased that another one refers to. Made
-- again behind the log. named_on: local day on which the newest of them came; NULL: a digest that is
-- no recording's. held_at: when the whole of it was here first. erased_seq: the entry of the centre's
-- own ledger after which it is gone. passage_id, case_no: what the entry is about; '': unknown.
DELETE FROM recording;
DELETE FROM progress WHERE worker = 'recordings';
ALTER TABLE recording
    ADD COLUMN named_on   date,
    ADD COLUMN held_at    timestamptz,
    ADD COLUMN erased_seq bigint;
CREATE INDEX recording_named_on ON recording (named_on) WHERE erased_seq IS NULL;
CREATE INDEX recording_erased ON recording (erased_seq) WHERE erased_seq IS NOT NULL;
CREATE TABLE recording_naming (
    sha256     bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    node       text   NOT NULL REFERENCES node,
    seq        bigint NOT NULL,
    named_on   date   NOT NULL,
    passage_id text,
    case_no    text,
    PRIMARY KEY (sha256, node, seq)
);
