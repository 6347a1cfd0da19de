-- Takes casework away; what the incidents themselves say stays.
DROP POLICY incident_insert ON incident;
DROP POLICY office_select ON incident_cell;
DROP TRIGGER bump_version ON account;
DROP POLICY led_select ON incident;
DROP POLICY incident_select ON incident;
DROP TRIGGER follow_incidents ON incident;
DROP TRIGGER open_files ON incident;
DROP TRIGGER number_incident ON incident;
DROP TABLE photo, case_link, case_event, casefile;
DROP FUNCTION number_incident(), bump_casefile(), shown_data(jsonb), mask_data(jsonb), open_files(), follow_incidents(), flow_state(text, timestamptz), clock_of(text, boolean, timestamptz, timestamptz, timestamptz), cell_quad(integer, integer), quad_column(bigint), account_units();
ALTER TABLE account DROP COLUMN units;
CREATE OR REPLACE FUNCTION guard(relation text, operation text, roles text[], reach text) RETURNS void
LANGUAGE plpgsql SET search_path = atlas, public, pg_temp AS $$
DECLARE
    -- "(SELECT …)" is computed once per query, not per row.
    wide text := '(SELECT atlas.everywhere())';
    lies text := 'area_id = ANY ((SELECT atlas.scope_areas())::bigint[])';
    told text := wide || ' OR ' || lies
        || ' OR grid_codes <> ''{}'' AND atlas.grid_keys(network_id, grid_codes) && (SELECT atlas.scope_keys())';
    found text; -- rows that may be read or changed
    left_as text; -- rows as they may be left behind, where that is another question
    who text := format('(SELECT atlas.has_role(%L::text[]))', roles);
BEGIN
    found := CASE reach
        WHEN 'all' THEN 'true'
        WHEN 'office' THEN wide
        WHEN 'area' THEN wide || ' OR ' || lies
        WHEN 'building' THEN wide || ' OR ' || lies || ' OR id = ANY ((SELECT atlas.scope_buildings())::bigint[])'
        WHEN 'incident' THEN wide || ' OR ' || lies || ' OR grid_id = ANY ((SELECT atlas.scope_grids())::bigint[])'
        WHEN 'grid' THEN wide || ' OR grid_id = ANY ((SELECT atlas.scope_area_grids())::bigint[])'
        WHEN 'code' THEN wide || ' OR network_id || ''/'' || grid_code = ANY ((SELECT atlas.scope_area_keys())::text[])'
        WHEN 'finding' THEN told
        WHEN 'land' THEN '(' || told || ') AND NOT subjects ? ''incident'''
        WHEN 'place' THEN wide || ' OR ' || lies || ' OR network_id || ''/'' || grid_code = ANY ((SELECT atlas.scope_keys())::text[])'
        WHEN 'person' THEN wide || ' OR id = ANY ((SELECT atlas.scope_persons())::bigint[])'
        WHEN 'staff' THEN wide || ' OR person_id = ANY ((SELECT atlas.scope_persons())::bigint[])'
        WHEN 'mine' THEN 'owner_id = (SELECT atlas.account_id())'
        WHEN 'entry' THEN 'EXISTS (SELECT FROM atlas.ledger l WHERE l.id = ledger_id)'
        WHEN 'found' THEN 'EXISTS (SELECT FROM atlas.finding f WHERE f.id = finding_id)'
        WHEN 'deed' THEN 'person_id = ANY ((SELECT atlas.own_persons())::bigint[])'
        WHEN 'me' THEN 'id = (SELECT atlas.account_id())'
        WHEN 'own' THEN 'account_id = (SELECT atlas.account_id())'
        WHEN 'signed' THEN wide || ' OR actor = (SELECT atlas.actor_name())'
        ELSE 'false' END;
    left_as := CASE reach
        WHEN 'area' THEN wide || ' OR (' || lies || ' AND atlas.scope_holds(geom))'
        WHEN 'building' THEN wide || ' OR ' || lies || ' OR atlas.scope_covers(geom)'
        WHEN 'incident' THEN found || ' OR atlas.scope_covers(geom)'
        WHEN 'signed' THEN 'actor = (SELECT atlas.actor_name())'
        ELSE found END;
    found := who || ' AND (' || found || ')';
    left_as := who || ' AND (' || left_as || ')';
    IF operation = 'select' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR SELECT TO atlas_app USING (%s)', reach || '_select', relation, found);
    ELSIF operation = 'insert' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR INSERT TO atlas_app WITH CHECK (%s)', reach || '_insert', relation, left_as);
    ELSIF operation = 'update' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR UPDATE TO atlas_app USING (%s) WITH CHECK (%s)', reach || '_update', relation, found, left_as);
    ELSE
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR DELETE TO atlas_app USING (%s)', reach || '_delete', relation, found);
    END IF;
    EXECUTE format('GRANT %s ON atlas.%I TO atlas_app', upper(operation), relation);
END $$;
DROP TABLE reach;
SELECT guard('incident', 'select', '{leader,planner,supervisor,worker,department}', 'incident');
SELECT guard('incident', 'insert', '{supervisor}', 'incident');
SELECT guard('incident_cell', 'select', '{leader,planner,supervisor,worker,department}', 'office');
