-- Evasion cases (逃避、抗拒检测案件): a kind of their own, no over-limit case and never counted as one.
-- What came before this table is made by a rebuild.

-- seq: of the entry after which a row stands as it does. closed_on: local day. file: the whole case.
CREATE TABLE evasion (
    node        text        NOT NULL,
    evasion_no  text        NOT NULL,
    deed        text        NOT NULL,
    plate       text        NOT NULL,
    place       text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL,
    passage_id  text        NOT NULL,
    stage       text        NOT NULL,
    held        boolean     NOT NULL,
    fine_fen    bigint,
    closed_on   date,
    file        bytea       NOT NULL,
    seq         bigint      NOT NULL,
    PRIMARY KEY (node, evasion_no)
);
CREATE INDEX evasion_opened_at ON evasion (opened_at DESC);

CREATE FUNCTION lawful_evasion() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.payload_of(NEW.node, NEW.seq, 'evasion_opened');
BEGIN
    IF (said ->> 'evasion_no', said ->> 'deed', said ->> 'plate', said ->> 'place',
        said ->> 'passage_id')
       IS DISTINCT FROM (NEW.evasion_no, NEW.deed, NEW.plate, NEW.place, NEW.passage_id) THEN
        PERFORM public.refuse_unlawful('no such evasion is reported there');
    END IF;
    IF NEW.stage <> 'open' OR NEW.held OR NEW.fine_fen IS NOT NULL OR NEW.closed_on IS NOT NULL THEN
        PERFORM public.refuse_unlawful('a case begins at its beginning');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER evasion_opens_lawfully BEFORE INSERT ON evasion
    FOR EACH ROW EXECUTE FUNCTION lawful_evasion();

CREATE FUNCTION lawful_evasion_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.payload_of(NEW.node, NEW.seq, 'evasion_acted');
    act text := coalesce(said ->> 'act', '');
BEGIN
    IF (NEW.node, NEW.evasion_no, NEW.deed, NEW.plate, NEW.place, NEW.occurred_at, NEW.opened_at,
        NEW.passage_id)
       IS DISTINCT FROM
       (OLD.node, OLD.evasion_no, OLD.deed, OLD.plate, OLD.place, OLD.occurred_at, OLD.opened_at,
        OLD.passage_id) THEN
        PERFORM public.refuse_unlawful('what a case was opened with does not change');
    END IF;
    IF NEW.seq <= OLD.seq THEN
        PERFORM public.refuse_unlawful('a case does not go back');
    END IF;
    IF said ->> 'evasion_no' IS DISTINCT FROM NEW.evasion_no THEN
        PERFORM public.refuse_unlawful('no act of this case stands there');
    END IF;
    IF json_array_length(said -> 'officers') IS DISTINCT FROM 2
       OR said #>> '{officers,0}' IS NOT DISTINCT FROM said #>> '{officers,1}' THEN
        PERFORM public.refuse_unlawful('an act needs two officers');
    END IF;
    IF NEW.stage IS DISTINCT FROM said ->> 'stage'
       OR (NEW.held <> OLD.held
           AND act <> CASE WHEN NEW.held THEN 'hold_vehicle' ELSE 'return_vehicle' END)
       OR (NEW.closed_on IS DISTINCT FROM OLD.closed_on AND act NOT IN ('close', 'void'))
       OR (NEW.fine_fen IS DISTINCT FROM OLD.fine_fen
           AND (act <> 'decide'
                OR NEW.fine_fen IS DISTINCT FROM (said #>> '{details,fine_fen}')::bigint)) THEN
        PERFORM public.refuse_unlawful('the act does not say so');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER evasion_goes_on_lawfully BEFORE UPDATE ON evasion
    FOR EACH ROW EXECUTE FUNCTION lawful_evasion_step();
CREATE TRIGGER evasion_is_not_truncated BEFORE TRUNCATE ON evasion
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE evasion ENABLE ALWAYS TRIGGER evasion_opens_lawfully;
ALTER TABLE evasion ENABLE ALWAYS TRIGGER evasion_goes_on_lawfully;
ALTER TABLE evasion ENABLE ALWAYS TRIGGER evasion_is_not_truncated;
