-- What watchers are told, what each may see, and looking through stations' cameras.

-- touched: the projector's turn that wrote the row last; its number stands in progress, 'turn'.
-- A trigger writes it, so that no statement can forget to.
ALTER TABLE passage ADD COLUMN touched bigint NOT NULL DEFAULT 0;
ALTER TABLE joint_case ADD COLUMN touched bigint NOT NULL DEFAULT 0;
CREATE INDEX passage_touched ON passage (touched);
CREATE INDEX joint_case_touched ON joint_case (touched);

CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched := coalesce(nullif(current_setting('zhichao.turn', true), '')::bigint, 0);
    RETURN NEW;
END
$$;
CREATE TRIGGER passage_turn BEFORE INSERT OR UPDATE ON passage
    FOR EACH ROW EXECUTE FUNCTION note_turn();
CREATE TRIGGER joint_case_turn BEFORE INSERT OR UPDATE ON joint_case
    FOR EACH ROW EXECUTE FUNCTION note_turn();

-- Alarms are raised by many; the next turn gives them its number. NULL: not yet.
ALTER TABLE alarm ADD COLUMN touched bigint;
UPDATE alarm SET touched = 0;
CREATE INDEX alarm_touched ON alarm (touched);

-- stations: whose passages, cases, alarms and pictures an officer sees (数据范围); NULL: all.
ALTER TABLE officer ADD COLUMN stations text[];

-- Who looks through a station's camera (远程调看), and who did. seen_at: when his picture was
-- last on its way to him; who has not been seen for some seconds has gone.
CREATE TABLE camera_watch (
    watch_id       text        PRIMARY KEY,
    node           text        NOT NULL REFERENCES node,
    certificate_no text        NOT NULL,
    began_at       timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL,
    ended_at       timestamptz
);
CREATE INDEX camera_watch_running ON camera_watch (node) WHERE ended_at IS NULL;

-- The newest picture of each watch, for whichever process has its viewer. No evidence.
-- number: of the picture within the watch.
CREATE UNLOGGED TABLE camera_frame (
    watch_id text   PRIMARY KEY,
    number   bigint NOT NULL,
    jpeg     bytea  NOT NULL
);
