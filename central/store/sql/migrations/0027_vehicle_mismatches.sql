-- Vehicles that stations saw not to be as the standard or their licence says (车辆不符): the police of
-- their home are told. home: province and letter of the office that issued the plate. copied_seq: of
-- the entry of the centre's own ledger that says that they were.
CREATE TABLE vehicle_mismatch (
    node       text        NOT NULL,
    seq        bigint      NOT NULL,
    passage_id text        NOT NULL,
    case_no    text        NOT NULL,
    subject    text        NOT NULL,
    plate      text        NOT NULL,
    home       text        NOT NULL,
    kinds      text[]      NOT NULL,
    facts      text        NOT NULL,
    noted_at   timestamptz NOT NULL,
    noted_on   date        NOT NULL,
    copied_seq bigint,
    letter_no  text,
    copied_at  timestamptz,
    PRIMARY KEY (node, seq)
);
CREATE INDEX vehicle_mismatch_noted_at ON vehicle_mismatch (noted_at DESC);
