-- The projections made again beside the real ones, for an audit; gone with its transaction.

-- name: stand_in
-- From now on the names mean these tables, in this transaction alone. Their checks and indexes are
-- those of the real ones, their triggers are not: nobody is told of these rows. Of a case it is
-- noted instead in which page of the log its newest entry stands.
CREATE TEMP TABLE passage (LIKE public.passage INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE unweighed_pass (LIKE public.unweighed_pass INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE joint_case (LIKE public.joint_case INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE decision (LIKE public.decision INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE evasion (LIKE public.evasion INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE legal_id (LIKE public.legal_id INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE permit (LIKE public.permit INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE vehicle_mismatch (LIKE public.vehicle_mismatch INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE alarm (LIKE public.alarm INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE opening (LIKE public.opening INCLUDING ALL) ON COMMIT DROP;
CREATE TEMP TABLE quarantine (LIKE public.quarantine INCLUDING ALL) ON COMMIT DROP;
CREATE TRIGGER joint_case_page BEFORE INSERT OR UPDATE ON pg_temp.joint_case
    FOR EACH ROW EXECUTE FUNCTION public.note_turn();

-- name: begin_page
-- $1 position after which the page stands, as text
SELECT set_config('zhichao.turn', $1, true);

-- name: unlike
-- Rows that are in one alone, or not alike but for the turn that wrote them. $1 of each view and
-- node so many at most
SELECT view, node, key, seq, after
  FROM (SELECT found.*,
               row_number() OVER (PARTITION BY view, node ORDER BY seq, after, key) AS number
          FROM (SELECT 'passage' AS view, node, passage_id AS key,
                       substring(coalesce(made.receipt, shown.receipt)
                                 FROM '-([0-9]{1,18})-[0-9a-f]+$')::bigint AS seq,
                       NULL::bigint AS after
                  FROM public.passage shown
                  FULL JOIN pg_temp.passage made USING (node, passage_id)
                 WHERE to_jsonb(shown) - 'touched' IS DISTINCT FROM to_jsonb(made) - 'touched'
                UNION ALL
                SELECT 'case', node, case_no, NULL, made.touched
                  FROM public.joint_case shown
                  FULL JOIN pg_temp.joint_case made USING (node, case_no)
                 WHERE to_jsonb(shown) - 'touched' IS DISTINCT FROM to_jsonb(made) - 'touched'
                UNION ALL
                SELECT 'decision', node, seq::text, seq, NULL
                  FROM public.decision shown FULL JOIN pg_temp.decision made USING (node, seq)
                 WHERE to_jsonb(shown) IS DISTINCT FROM to_jsonb(made)
                UNION ALL
                SELECT 'evasion', node, evasion_no, coalesce(made.seq, shown.seq), NULL
                  FROM public.evasion shown
                  FULL JOIN pg_temp.evasion made USING (node, evasion_no)
                 WHERE to_jsonb(shown) IS DISTINCT FROM to_jsonb(made)
                UNION ALL
                SELECT 'unweighed_pass', node, seq::text, seq, NULL
                  FROM public.unweighed_pass shown
                  FULL JOIN pg_temp.unweighed_pass made USING (node, seq)
                 WHERE to_jsonb(shown) IS DISTINCT FROM to_jsonb(made)) AS found) AS numbered
 WHERE number <= $1
 ORDER BY node, view, number;
