-- A row of a passage, a case or a decision follows from an entry that says so: what the procedure
-- forbids is refused to whoever writes it, with whatever role of the database.

-- seq: of the entry after which a row stands as it does. penal: the authority that penalises.
-- Rows from before stand after no entry; a rebuild makes them again.
ALTER TABLE joint_case ADD COLUMN seq bigint NOT NULL DEFAULT 0;
ALTER TABLE joint_case ALTER COLUMN seq DROP DEFAULT;
ALTER TABLE joint_case ADD COLUMN penal text NOT NULL DEFAULT 'police'
      CHECK (penal IN ('road', 'police'));
ALTER TABLE joint_case ALTER COLUMN penal DROP DEFAULT;
ALTER TABLE decision ADD COLUMN changed_seq bigint;

-- How the penalty may move, by which act, and whose; 'penal': the case's own authority.
CREATE TABLE penalty_step (
    act        text NOT NULL,
    from_stage text NOT NULL,
    to_stage   text NOT NULL,
    authority  text NOT NULL CHECK (authority IN ('road', 'police', 'penal', 'centre')),
    PRIMARY KEY (act, from_stage, to_stage)
);
INSERT INTO penalty_step (act, from_stage, to_stage, authority) VALUES
    ('accept', 'handed_over', 'accepted', 'penal'),
    ('accept', 'open', 'accepted', 'penal'),
    ('apply_to_court', 'demanded', 'in_court', 'penal'),
    ('ask_hearing', 'heard', 'hearing_asked', 'penal'),
    ('ask_hearing', 'notified', 'hearing_asked', 'penal'),
    ('bar', 'decided', 'barred', 'centre'),
    ('decide', 'heard', 'decided', 'penal'),
    ('decide', 'reviewed', 'decided', 'penal'),
    ('demand', 'served', 'demanded', 'penal'),
    ('end_remedy', 'demanded', 'paid', 'penal'),
    ('end_remedy', 'demanded', 'revoked', 'penal'),
    ('end_remedy', 'in_court', 'paid', 'penal'),
    ('end_remedy', 'in_court', 'revoked', 'penal'),
    ('end_remedy', 'in_force', 'paid', 'penal'),
    ('end_remedy', 'in_force', 'revoked', 'penal'),
    ('end_remedy', 'paid', 'revoked', 'penal'),
    ('end_remedy', 'served', 'paid', 'penal'),
    ('end_remedy', 'served', 'revoked', 'penal'),
    ('hand_over', 'open', 'handed_over', 'road'),
    ('hear', 'notified', 'heard', 'penal'),
    ('hold_hearing', 'hearing_asked', 'hearing_held', 'penal'),
    ('not_punish', 'accepted', 'not_punished', 'penal'),
    ('not_punish', 'heard', 'not_punished', 'penal'),
    ('not_punish', 'notified', 'not_punished', 'penal'),
    ('not_punish', 'reviewed', 'not_punished', 'penal'),
    ('notify', 'accepted', 'notified', 'penal'),
    ('pay', 'demanded', 'paid', 'penal'),
    ('pay', 'in_court', 'paid', 'penal'),
    ('pay', 'served', 'paid', 'penal'),
    ('review', 'heard', 'reviewed', 'penal'),
    ('review', 'hearing_held', 'reviewed', 'penal'),
    ('send_back', 'accepted', 'open', 'penal'),
    ('send_back', 'handed_over', 'open', 'penal'),
    ('serve', 'in_force', 'served', 'penal'),
    ('take_effect', 'decided', 'in_force', 'centre'),
    ('void', 'open', 'voided', 'road'),
    ('waive', 'notified', 'heard', 'penal'),
    ('withdraw', 'decided', 'revoked', 'penal'),
    ('withdraw', 'demanded', 'revoked', 'penal'),
    ('withdraw', 'in_court', 'revoked', 'penal'),
    ('withdraw', 'in_force', 'revoked', 'penal'),
    ('withdraw', 'paid', 'revoked', 'penal'),
    ('withdraw', 'served', 'revoked', 'penal');
CREATE TRIGGER penalty_step_is_fixed BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON penalty_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE penalty_step ENABLE ALWAYS TRIGGER penalty_step_is_fixed;

CREATE FUNCTION refuse_unlawful(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', why USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- What an entry of that kind says; NULL when there is none.
CREATE FUNCTION payload_of(of_node text, at_seq bigint, of_kind text) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT convert_from(body, 'UTF8')::json -> 'payload'
      FROM public.entry
     WHERE node = of_node AND seq = at_seq AND kind = of_kind
$$;

-- The act of a case that an entry states, by two officers or by the centre.
CREATE FUNCTION act_of(of_node text, at_seq bigint, of_case text) RETURNS json
LANGUAGE plpgsql STABLE AS $$
DECLARE
    said json := public.payload_of(of_node, at_seq, 'case_act');
BEGIN
    IF said IS NULL OR said ->> 'case_no' IS DISTINCT FROM of_case THEN
        PERFORM public.refuse_unlawful('no act of this case stands there');
    END IF;
    IF coalesce(said ->> 'act', '') NOT IN ('take_effect', 'bar')
       AND (json_array_length(said -> 'officers') IS DISTINCT FROM 2
            OR said #>> '{officers,0}' IS NOT DISTINCT FROM said #>> '{officers,1}') THEN
        PERFORM public.refuse_unlawful('an act needs two officers');
    END IF;
    RETURN said;
END
$$;

CREATE FUNCTION lawful_passage() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seq bigint := substring(NEW.receipt FROM '-([0-9]{1,18})-[0-9a-f]+$')::bigint;
    said json;
BEGIN
    IF TG_OP = 'INSERT' THEN
        said := public.payload_of(NEW.node, seq, 'passage');
        IF said ->> 'passage_id' IS DISTINCT FROM NEW.passage_id
           OR (said #>> '{weighing,gross_kg}')::bigint IS DISTINCT FROM NEW.gross_kg THEN
            PERFORM public.refuse_unlawful('no such weighing stands there');
        END IF;
    ELSIF (NEW.node, NEW.passage_id, NEW.gross_kg, NEW.at, NEW.lane, NEW.occurred_on)
          IS DISTINCT FROM
          (OLD.node, OLD.passage_id, OLD.gross_kg, OLD.at, OLD.lane, OLD.occurred_on) THEN
        PERFORM public.refuse_unlawful('what was weighed does not change');
    ELSIF (NEW.receipt, NEW.plate, NEW.plate_colour, NEW.trailer_plate, NEW.configuration,
           NEW.limit_kg, NEW.excess_kg, NEW.outcome, NEW.recheck_of, NEW.reviewed)
          IS DISTINCT FROM
          (OLD.receipt, OLD.plate, OLD.plate_colour, OLD.trailer_plate, OLD.configuration,
           OLD.limit_kg, OLD.excess_kg, OLD.outcome, OLD.recheck_of, OLD.reviewed) THEN
        said := public.payload_of(NEW.node, seq, 'passage_review');
        IF said ->> 'passage_id' IS DISTINCT FROM NEW.passage_id THEN
            PERFORM public.refuse_unlawful('no officer has reviewed this weighing there');
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER passage_is_lawful BEFORE INSERT OR UPDATE ON passage
    FOR EACH ROW EXECUTE FUNCTION lawful_passage();

CREATE FUNCTION lawful_opening() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.payload_of(NEW.node, NEW.seq, 'case_opened');
BEGIN
    IF said ->> 'case_no' IS DISTINCT FROM NEW.case_no
       OR coalesce(said ->> 'penal', 'police') <> NEW.penal
       OR (said ->> 'gross_kg')::bigint IS DISTINCT FROM NEW.gross_kg THEN
        PERFORM public.refuse_unlawful('no such case is opened there');
    END IF;
    IF NEW.penalty <> 'open' OR NEW.removal NOT IN ('measured', 'not_on_site')
       OR NEW.fine_fen IS NOT NULL OR NEW.points IS NOT NULL OR NEW.closed_on IS NOT NULL THEN
        PERFORM public.refuse_unlawful('a case begins at its beginning');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER joint_case_opens_lawfully BEFORE INSERT ON joint_case
    FOR EACH ROW EXECUTE FUNCTION lawful_opening();

CREATE FUNCTION lawful_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.act_of(NEW.node, NEW.seq, NEW.case_no);
    act text := said ->> 'act';
    whose text := said ->> 'authority';
BEGIN
    IF (NEW.node, NEW.case_no, NEW.passage_id, NEW.occurred_on, NEW.opened_at, NEW.gross_kg,
        NEW.limit_kg, NEW.excess_kg, NEW.penal)
       IS DISTINCT FROM
       (OLD.node, OLD.case_no, OLD.passage_id, OLD.occurred_on, OLD.opened_at, OLD.gross_kg,
        OLD.limit_kg, OLD.excess_kg, OLD.penal) THEN
        PERFORM public.refuse_unlawful('what a case was opened with does not change');
    END IF;
    IF NEW.seq < OLD.seq THEN
        PERFORM public.refuse_unlawful('a case does not go back');
    END IF;
    IF NEW.plate <> OLD.plate AND act <> 'correct_plate' THEN
        PERFORM public.refuse_unlawful('nobody has corrected the plate');
    END IF;
    IF NEW.removal <> OLD.removal AND whose <> 'road' THEN
        PERFORM public.refuse_unlawful('road administration alone sees to the removal');
    END IF;
    IF NEW.penalty <> OLD.penalty AND NOT EXISTS (
        SELECT FROM public.penalty_step step
         WHERE step.act = said ->> 'act'
           AND (step.from_stage, step.to_stage) = (OLD.penalty, NEW.penalty)
           AND CASE step.authority WHEN 'penal' THEN NEW.penal ELSE step.authority END = whose
           AND (step.act <> 'accept' OR (NEW.penal = 'road') = (OLD.penalty = 'open'))) THEN
        PERFORM public.refuse_unlawful(
            format('%s does not lead from %s to %s', act, OLD.penalty, NEW.penalty));
    END IF;
    IF NEW.penalty IN ('in_force', 'served', 'demanded', 'in_court', 'paid') AND NOT EXISTS (
        SELECT FROM public.decision
         WHERE (node, case_no) = (NEW.node, NEW.case_no) AND effective
           AND (fine_fen, points) = (NEW.fine_fen, NEW.points)) THEN
        PERFORM public.refuse_unlawful('no such decision has effect');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER joint_case_goes_on_lawfully BEFORE UPDATE ON joint_case
    FOR EACH ROW EXECUTE FUNCTION lawful_step();

CREATE FUNCTION lawful_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.act_of(NEW.node, NEW.seq, NEW.case_no);
    stands public.joint_case;
BEGIN
    SELECT * INTO stands FROM public.joint_case
     WHERE (node, case_no) = (NEW.node, NEW.case_no);
    IF said ->> 'act' IS DISTINCT FROM 'decide' OR said ->> 'authority' IS DISTINCT FROM stands.penal THEN
        PERFORM public.refuse_unlawful('the authority that penalises has not decided there');
    END IF;
    IF (said #>> '{details,kind}', (said #>> '{details,fine_fen}')::bigint,
        (said #>> '{details,points}')::integer)
       IS DISTINCT FROM (NEW.kind, NEW.fine_fen, NEW.points) THEN
        PERFORM public.refuse_unlawful('another penalty was decided');
    END IF;
    IF (NEW.plate, NEW.occurred_on) IS DISTINCT FROM (stands.plate, stands.occurred_on)
       OR (NEW.effective AND NEW.violation_id IS DISTINCT FROM stands.violation_id) THEN
        PERFORM public.refuse_unlawful('another act than that of the case');
    END IF;
    IF stands.penalty NOT IN ('heard', 'reviewed') OR stands.removal IN ('measured', 'ordered') THEN
        PERFORM public.refuse_unlawful('order, re-check, notice and hearing come first');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER decision_is_lawful BEFORE INSERT ON decision
    FOR EACH ROW EXECUTE FUNCTION lawful_decision();

CREATE FUNCTION lawful_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said json := public.act_of(NEW.node, NEW.changed_seq, NEW.case_no);
BEGIN
    IF (NEW.node, NEW.seq, NEW.case_no, NEW.violation_id, NEW.plate, NEW.occurred_on,
        NEW.decided_at, NEW.kind)
       IS DISTINCT FROM
       (OLD.node, OLD.seq, OLD.case_no, OLD.violation_id, OLD.plate, OLD.occurred_on,
        OLD.decided_at, OLD.kind)
       OR NEW.effective > OLD.effective
       OR NEW.fine_fen > OLD.fine_fen OR NEW.points > OLD.points THEN
        PERFORM public.refuse_unlawful('a decision does not become heavier');
    END IF;
    IF coalesce(said ->> 'act', '') NOT IN ('withdraw', 'end_remedy') THEN
        PERFORM public.refuse_unlawful('neither withdrawn nor changed by a remedy');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER decision_changes_lawfully BEFORE UPDATE ON decision
    FOR EACH ROW EXECUTE FUNCTION lawful_change();

-- A rebuild deletes what follows from entries and makes it again; nobody empties it at a stroke.
CREATE TRIGGER passage_is_not_truncated BEFORE TRUNCATE ON passage
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER joint_case_is_not_truncated BEFORE TRUNCATE ON joint_case
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER decision_is_not_truncated BEFORE TRUNCATE ON decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE passage ENABLE ALWAYS TRIGGER passage_is_lawful;
ALTER TABLE passage ENABLE ALWAYS TRIGGER passage_is_not_truncated;
ALTER TABLE joint_case ENABLE ALWAYS TRIGGER joint_case_opens_lawfully;
ALTER TABLE joint_case ENABLE ALWAYS TRIGGER joint_case_goes_on_lawfully;
ALTER TABLE joint_case ENABLE ALWAYS TRIGGER joint_case_is_not_truncated;
ALTER TABLE decision ENABLE ALWAYS TRIGGER decision_is_lawful;
ALTER TABLE decision ENABLE ALWAYS TRIGGER decision_changes_lawfully;
ALTER TABLE decision ENABLE ALWAYS TRIGGER decision_is_not_truncated;
