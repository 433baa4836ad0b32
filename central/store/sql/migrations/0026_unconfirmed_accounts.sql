-- Two persons for an account: whoever makes it, and the security administrator who confirms it.
-- unconfirmed: of no use before that.
ALTER TABLE officer ADD COLUMN unconfirmed boolean NOT NULL DEFAULT false;
