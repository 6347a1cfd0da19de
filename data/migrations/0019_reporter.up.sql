-- What orders and ledgers of other systems say of a case besides: its level, unit, end of the limit and
-- number over there; and who reported it, in a table of its own. Runs as atlas_owner with
-- search_path = atlas, public.

ALTER TABLE incident
    ADD COLUMN level smallint CHECK (level BETWEEN 1 AND 4),
    ADD COLUMN unit text NOT NULL DEFAULT '',
    ADD COLUMN due_at timestamptz,
    ADD COLUMN source_number text NOT NULL DEFAULT '';
COMMENT ON COLUMN incident.level IS 'Level the file gives it, 1 gravest to 4 least; what holds stands in casefile.';
COMMENT ON COLUMN incident.unit IS 'Unit, or units, the file gives it to, as written there; casefile.units are those in force.';
COMMENT ON COLUMN incident.due_at IS 'End of its limit as printed on the order; the clocks heed it.';
COMMENT ON COLUMN incident.source_number IS 'Its number in another system, where that is not its code: an order of the hotline that came by the platform of the city.';
CREATE INDEX incident_source_number ON incident (source_number) WHERE source_number <> '';

-- lists of cases --------------------------------------------------------------------------------------

-- A unit by its place in the list: unlike && these may be asked through an index under row-level security.
CREATE INDEX casefile_lead ON casefile ((units[1]), occurred_at) WHERE units[1] IS NOT NULL;
CREATE INDEX casefile_second ON casefile ((units[2]), occurred_at) WHERE units[2] IS NOT NULL;
CREATE INDEX casefile_third ON casefile ((units[3]), occurred_at) WHERE units[3] IS NOT NULL;
CREATE INDEX casefile_further ON casefile (occurred_at) WHERE units[4] IS NOT NULL;
CREATE INDEX casefile_handled ON casefile (handler_id, occurred_at) WHERE handler_id IS NOT NULL;
DROP INDEX casefile_handler;
CREATE INDEX casefile_paused ON casefile (due_at, incident_id) WHERE suspended;
-- Ended ones of a place or a category, the newest first.
CREATE INDEX casefile_area_past ON casefile (area_id, occurred_at);
CREATE INDEX casefile_category_past ON casefile (category, occurred_at);

CREATE FUNCTION word_pairs(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN string_to_array(regexp_replace(lower(words), '(..)', E'\\1\n', 'g') || E'\n' || regexp_replace(substr(lower(words), 2), '(..)', E'\\1\n', 'g'), E'\n');
COMMENT ON FUNCTION word_pairs(text) IS 'Every two characters beside each other: what a text is looked up by in a language without spaces; a lone last one comes along.';
CREATE INDEX incident_said ON incident USING gin (word_pairs(code || ' ' || source_number || ' ' || address || ' ' || title) COLLATE "C");

CREATE FUNCTION cases_saying(words text, most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    pairs text[] := ARRAY(SELECT p FROM unnest(word_pairs(words)) AS p WHERE length(p) = 2);
    found bigint[];
BEGIN
    IF pairs = '{}' OR NOT sees_rows() THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(i.id) INTO found FROM incident i WHERE i.code = words OR i.source_number <> '' AND i.source_number = words;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;
    SELECT coalesce(array_agg(s.id), '{}') INTO found FROM (
        SELECT i.id FROM incident i
        WHERE word_pairs(i.code || ' ' || i.source_number || ' ' || i.address || ' ' || i.title) COLLATE "C" @> pairs COLLATE "C"
            AND position(lower(words) IN lower(concat_ws(' ', i.code, i.source_number, i.address, i.title))) > 0
        LIMIT most + 1) AS s;
    RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$;
COMMENT ON FUNCTION cases_saying(text, integer) IS 'Numbers of incidents that say a text, wherever they lie; null where they are more than most. Whoever asks has yet to look at what he may see of each.';
REVOKE EXECUTE ON FUNCTION cases_saying(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION word_pairs(text), cases_saying(text, integer) TO atlas_app;

-- who reported it --------------------------------------------------------------------------------

CREATE TABLE reporter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL UNIQUE REFERENCES incident ON DELETE CASCADE,
    name text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE reporter IS 'Who reported a case, as the order says. Personal data, and nothing else.';
CREATE TRIGGER keep_updated AFTER UPDATE ON reporter REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history();
CREATE TRIGGER keep_deleted AFTER DELETE ON reporter REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history();
ALTER TABLE reporter ENABLE ROW LEVEL SECURITY;
ALTER TABLE reporter FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON reporter TO atlas_owner USING (true) WITH CHECK (true);
SELECT guard('reporter', 'select', '{supervisor,worker}', 'case');
SELECT guard('reporter', o, '{supervisor}', 'case') FROM unnest(ARRAY['insert', 'update']) AS o;

CREATE FUNCTION reporter_mask(incident bigint) RETURNS TABLE (name text, phone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT mask_name(r.name), mask_text(r.phone) FROM reporter r WHERE r.incident_id = incident AND reaches_case(incident)
$$;
COMMENT ON FUNCTION reporter_mask(bigint) IS 'Who reported a case as leaders and departments may read it: 张**, 138****8000.';

CREATE FUNCTION reveal_reporter(incident bigint, reason text) RETURNS TABLE (name text, phone text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF char_length(btrim(reason)) NOT BETWEEN 4 AND 200 OR NOT reaches_case(incident) THEN
        RAISE insufficient_privilege;
    END IF;
    INSERT INTO audit (action, relation, subject, reason)
    SELECT 'reveal', 'reporter', i.code, btrim(reveal_reporter.reason) FROM incident i WHERE i.id = incident;
    RETURN QUERY SELECT r.name, r.phone FROM reporter r WHERE r.incident_id = incident;
END $$;
COMMENT ON FUNCTION reveal_reporter(bigint, text) IS 'Who reported a case in full, to whoever deals with it; there is no way to him without the audit row.';
REVOKE EXECUTE ON FUNCTION reporter_mask(bigint), reveal_reporter(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reporter_mask(bigint), reveal_reporter(bigint, text) TO atlas_app;

-- what a file says goes into the case file -----------------------------------------------------------

CREATE FUNCTION unit_list(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_remove(regexp_split_to_array(btrim(words), '\s*[、,,;；|/\n]\s*'), '');
COMMENT ON FUNCTION unit_list(text) IS 'Units of a cell that names several; the first leads.';
GRANT EXECUTE ON FUNCTION unit_list(text) TO atlas_app;

-- As in 0013, with what the new columns say: the first event keeps it, and a later file that says
-- something else is an event of its own.
CREATE OR REPLACE FUNCTION open_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    told jsonb := coalesce(nullif(current_setting('atlas.told', true), '')::jsonb, '{}');
BEGIN
    INSERT INTO casefile (incident_id, kind, state, category, channel, occurred_at, closed_at, area_id, grid_id, quad,
        level, key, answered_by, units)
    SELECT id, kind, flow_state(state, closed_at), category, channel, occurred_at, closed_at, area_id, grid_id, cell_quad(cell_column(geom_web), cell_row(geom_web)),
        coalesce((told #>> '{data,level}')::smallint, level), told ->> 'key',
        CASE WHEN source_id IS NULL AND flow_state(state, closed_at) = 'answered' THEN actor_name() ELSE '' END,
        CASE WHEN unit = '' THEN '{}' ELSE unit_list(unit) END
    FROM new_rows;
    INSERT INTO case_event (incident_id, seq, act, state, at, unit, note, data, geom)
    SELECT id, 1, CASE WHEN source_id IS NULL THEN 'report' ELSE 'import' END, flow_state(state, closed_at),
        coalesce((told ->> 'at')::timestamptz, occurred_at, created_at), coalesce(told ->> 'unit', ''), coalesce(told ->> 'note', ''),
        coalesce(told -> 'data', '{}') || CASE WHEN level IS NULL AND unit = '' AND due_at IS NULL THEN '{}' ELSE
            jsonb_strip_nulls(jsonb_build_object('level', level, 'units', to_jsonb(nullif(unit_list(unit), '{}')), 'due', due_at)) END,
        CASE WHEN told ? 'at' THEN geom END
    FROM new_rows;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION follow_incidents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    UPDATE casefile c SET category = n.category, channel = n.channel, occurred_at = n.occurred_at, closed_at = n.closed_at,
        area_id = n.area_id, grid_id = n.grid_id, kind = n.kind, quad = n.quad, updated_at = now()
    FROM (SELECT *, cell_quad(cell_column(geom_web), cell_row(geom_web)) AS quad FROM new_rows) AS n
    WHERE c.incident_id = n.id AND (c.category, c.channel, c.occurred_at, c.closed_at, c.area_id, c.grid_id, c.kind, c.quad)
        IS DISTINCT FROM (n.category, n.channel, n.occurred_at, n.closed_at, n.area_id, n.grid_id, n.kind, n.quad);
    IF coalesce(current_setting('atlas.flow', true), '') <> 'on' THEN
        -- The file said something new: that is an event too.
        WITH told AS (
            SELECT n.id, n.closed_at,
                CASE WHEN flow_state(n.state, n.closed_at) <> flow_state(o.state, o.closed_at) THEN flow_state(n.state, n.closed_at) END AS state,
                jsonb_strip_nulls(jsonb_build_object(
                    'level', CASE WHEN n.level IS DISTINCT FROM o.level THEN n.level END,
                    'units', CASE WHEN n.unit <> o.unit AND n.unit <> '' THEN to_jsonb(unit_list(n.unit)) END,
                    'due', CASE WHEN n.due_at IS DISTINCT FROM o.due_at THEN n.due_at END)) AS data
            FROM new_rows n JOIN old_rows o USING (id)
            WHERE (flow_state(n.state, n.closed_at), n.level, n.unit, n.due_at) IS DISTINCT FROM (flow_state(o.state, o.closed_at), o.level, o.unit, o.due_at)
        ), stepping AS (
            SELECT t.id, t.closed_at, t.data, coalesce(t.state, c.state) AS state, coalesce(t.state, c.state) <> c.state AS moves
            FROM told t JOIN casefile c ON c.incident_id = t.id
            WHERE c.state <> 'merged' AND (coalesce(t.state, c.state) <> c.state OR t.data <> '{}')
        ), stepped AS (
            UPDATE casefile c SET state = t.state, seq = c.seq + 1, updated_at = now(),
                level = coalesce((t.data ->> 'level')::smallint, c.level),
                units = CASE WHEN t.data ? 'units' THEN ARRAY(SELECT jsonb_array_elements_text(t.data -> 'units')) ELSE c.units END,
                suspended = c.suspended AND NOT t.moves, asking = c.asking AND NOT t.moves,
                answered_by = CASE WHEN t.moves THEN '' ELSE c.answered_by END,
                rating = CASE WHEN t.state = 'closed' THEN c.rating END,
                card = CASE WHEN t.state NOT IN ('closed', 'rejected') THEN c.card END
            FROM stepping t WHERE c.incident_id = t.id
            RETURNING c.incident_id, c.seq, c.state, t.data, t.closed_at
        )
        INSERT INTO case_event (incident_id, seq, act, state, at, data)
        SELECT incident_id, seq, 'import', state, CASE WHEN state = 'closed' THEN coalesce(closed_at, now()) ELSE now() END, data FROM stepped;
    END IF;
    RETURN NULL;
END $$;
