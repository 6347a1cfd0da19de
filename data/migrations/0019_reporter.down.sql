-- Takes away who reported and what files said besides; the cases and their events stay.
CREATE OR REPLACE FUNCTION open_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    told jsonb := coalesce(nullif(current_setting('atlas.told', true), '')::jsonb, '{}');
BEGIN
    INSERT INTO casefile (incident_id, kind, state, category, channel, occurred_at, closed_at, area_id, grid_id, quad,
        level, key, answered_by)
    SELECT id, kind, flow_state(state, closed_at), category, channel, occurred_at, closed_at, area_id, grid_id, cell_quad(cell_column(geom_web), cell_row(geom_web)),
        (told #>> '{data,level}')::smallint, told ->> 'key',
        CASE WHEN source_id IS NULL AND flow_state(state, closed_at) = 'answered' THEN actor_name() ELSE '' END
    FROM new_rows;
    INSERT INTO case_event (incident_id, seq, act, state, at, unit, note, data, geom)
    SELECT id, 1, CASE WHEN source_id IS NULL THEN 'report' ELSE 'import' END, flow_state(state, closed_at),
        coalesce((told ->> 'at')::timestamptz, occurred_at, created_at), coalesce(told ->> 'unit', ''), coalesce(told ->> 'note', ''),
        coalesce(told -> 'data', '{}'), CASE WHEN told ? 'at' THEN geom END
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
            SELECT n.id, flow_state(n.state, n.closed_at) AS state, n.closed_at FROM new_rows n JOIN old_rows o USING (id)
            WHERE flow_state(n.state, n.closed_at) <> flow_state(o.state, o.closed_at)
        ), stepped AS (
            UPDATE casefile c SET state = t.state, seq = c.seq + 1, updated_at = now(), suspended = false, asking = false, answered_by = '',
                rating = CASE WHEN t.state = 'closed' THEN c.rating END,
                card = CASE WHEN t.state NOT IN ('closed', 'rejected') THEN c.card END
            FROM told t WHERE c.incident_id = t.id AND c.state <> t.state AND c.state <> 'merged'
            RETURNING c.incident_id, c.seq, c.state, t.closed_at
        )
        INSERT INTO case_event (incident_id, seq, act, state, at)
        SELECT incident_id, seq, 'import', state, coalesce(closed_at, now()) FROM stepped;
    END IF;
    RETURN NULL;
END $$;
DROP FUNCTION cases_saying(text, integer);
DROP INDEX incident_said;
DROP FUNCTION word_pairs(text);
DROP INDEX casefile_paused, casefile_lead, casefile_second, casefile_third, casefile_further, casefile_handled, casefile_area_past, casefile_category_past;
CREATE INDEX casefile_handler ON casefile (handler_id) WHERE state NOT IN ('closed', 'rejected', 'merged');
DROP FUNCTION unit_list(text), reveal_reporter(bigint, text), reporter_mask(bigint);
DROP TABLE reporter;
DROP INDEX incident_source_number;
ALTER TABLE incident DROP COLUMN source_number, DROP COLUMN due_at, DROP COLUMN unit, DROP COLUMN level;
