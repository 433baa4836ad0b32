-- Which recordings the entries of a node name, so that nothing else is taken from it. seq: of the
-- first entry that does. Followed behind the log (progress, 'recordings') when somebody asks.
CREATE TABLE recording (
    node   text   NOT NULL REFERENCES node,
    sha256 bytea  NOT NULL CHECK (octet_length(sha256) = 32),
    seq    bigint NOT NULL,
    PRIMARY KEY (node, sha256)
);
