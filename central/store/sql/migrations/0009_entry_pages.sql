-- An entry that fits into a page stays there as it is: to compress it took longer than all the rest
-- of writing it. Entries that are there already stay as they are.
CREATE OR REPLACE FUNCTION make_entry_month(first date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month text := 'entry_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass(month) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF entry FOR VALUES FROM (%L) TO (%L) '
        'WITH (toast_tuple_target = 8160)',
        month, first::timestamp AT TIME ZONE 'UTC',
        (first + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', month);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', month);
    EXECUTE format(
        'CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', month);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER entry_append_only', month);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, CURRENT_USER', month);
END
$$;

DO $$
DECLARE
    month regclass;
BEGIN
    FOR month IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'entry'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', month);
    END LOOP;
END
$$;
