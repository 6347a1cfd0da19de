-- Takes people, visits, tracks and duties away; the records of the foundation stay.
DROP TRIGGER follow_inserted ON grid;
DROP TRIGGER follow_updated ON grid;
DROP TRIGGER follow_inserted ON building;
DROP TRIGGER follow_updated ON building;
DROP TRIGGER settle_staff_areas ON area;
DROP TABLE duty, track, visit, leave, post, organisation, person;
ALTER TABLE building DROP COLUMN demolished_on;
DROP FUNCTION scope_persons(), own_persons(), follow_grids(), follow_buildings(), follow_organisations(), follow_areas(),
    settle_organisation(), settle_post(), settle_visit(), settle_track(), plain_visit(), question_visits(bigint[], jsonb),
    visit_neighbours(bigint[]), too_fast(geometry, timestamptz, geometry, timestamptz, jsonb), count_tracks(bigint[], jsonb),
    forget_tracks(integer), shown_name(text), sees_names(), grid_version(bigint, text, date), grid_at(bigint, geometry, date), first_network();

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
