-- What tiles are cut from at low zooms: buildings and incidents counted per cell of 1/64
-- tile, figures per grid, findings per grid. All four are kept by statement triggers in
-- the transaction of the change, so that they are exact at any moment.
-- Runs as atlas_owner with search_path = atlas, public.

-- cells -----------------------------------------------------------------------------------

CREATE TABLE building_cell (
    z smallint NOT NULL,
    tile_x integer NOT NULL,
    tile_y integer NOT NULL,
    cell smallint NOT NULL CHECK (cell BETWEEN 0 AND 4095),
    buildings integer NOT NULL,
    households bigint NOT NULL,
    PRIMARY KEY (z, tile_x, tile_y, cell)
) WITH (fillfactor = 90);
COMMENT ON TABLE building_cell IS 'Buildings with a place, counted per cell of 1/64 tile (zooms 6 to 13); kept by triggers on building.';
COMMENT ON COLUMN building_cell.cell IS '64 * row + column inside the tile, from its north-west corner.';

CREATE TABLE incident_cell (
    z smallint NOT NULL,
    tile_x integer NOT NULL,
    tile_y integer NOT NULL,
    cell smallint NOT NULL CHECK (cell BETWEEN 0 AND 4095),
    kind text NOT NULL,
    incidents integer NOT NULL,
    PRIMARY KEY (z, tile_x, tile_y, cell, kind)
) WITH (fillfactor = 90);
COMMENT ON TABLE incident_cell IS 'Incidents with a place, counted per kind and cell of 1/64 tile (zooms 6 to 13); kept by triggers on incident.';
COMMENT ON COLUMN incident_cell.cell IS '64 * row + column inside the tile, from its north-west corner.';

CREATE FUNCTION cell_column(web geometry) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(ST_X(web)) <= 20037508.342789244 AND abs(ST_Y(web)) <= 20037508.342789244
    THEN least(floor((ST_X(web) / 40075016.685578488 + 0.5) * 524288), 524287)::integer END;
COMMENT ON FUNCTION cell_column(geometry) IS 'Column (from the west) of the zoom-13 cell a Web Mercator point lies in, 0 to 2^19 - 1; null outside the map.';

CREATE FUNCTION cell_row(web geometry) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(ST_X(web)) <= 20037508.342789244 AND abs(ST_Y(web)) <= 20037508.342789244
    THEN least(floor((0.5 - ST_Y(web) / 40075016.685578488) * 524288), 524287)::integer END;
COMMENT ON FUNCTION cell_row(geometry) IS 'Row (from the north) of the zoom-13 cell a Web Mercator point lies in, 0 to 2^19 - 1; null outside the map.';

CREATE FUNCTION add_to_building_cells(cell_columns integer[], cell_rows integer[], counts bigint[], homes bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atlas.building_cell (z, tile_x, tile_y, cell, buildings, households)
    SELECT z, (cx >> (13 - z)) >> 6, (cy >> (13 - z)) >> 6,
        (((cy >> (13 - z)) & 63) << 6) | ((cx >> (13 - z)) & 63), sum(n), sum(h)
    FROM unnest(cell_columns, cell_rows, counts, homes) AS finest(cx, cy, n, h) CROSS JOIN generate_series(6, 13) AS z
    GROUP BY 1, 2, 3, 4
    HAVING sum(n) <> 0 OR sum(h) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (z, tile_x, tile_y, cell) DO UPDATE
        SET buildings = building_cell.buildings + EXCLUDED.buildings,
            households = building_cell.households + EXCLUDED.households;
    IF 0 > ANY (counts) THEN
        DELETE FROM atlas.building_cell c
        USING unnest(cell_columns, cell_rows, counts) AS finest(cx, cy, n), generate_series(6, 13) AS zoom
        WHERE n < 0 AND c.z = zoom AND c.tile_x = (cx >> (13 - zoom)) >> 6 AND c.tile_y = (cy >> (13 - zoom)) >> 6
            AND c.cell = ((((cy >> (13 - zoom)) & 63) << 6) | ((cx >> (13 - zoom)) & 63)) AND c.buildings = 0;
    END IF;
END $$;
COMMENT ON FUNCTION add_to_building_cells IS 'Adds counts per zoom-13 cell to every zoom; cells that became empty go.';

CREATE FUNCTION count_building_cells() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM building_cell;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM add_to_building_cells(array_agg(cx), array_agg(cy), array_agg(n), array_agg(h)) FROM (
            SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, count(*) AS n, sum(households) AS h
            FROM new_rows WHERE geom_web IS NOT NULL GROUP BY 1, 2
        ) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM add_to_building_cells(array_agg(cx), array_agg(cy), array_agg(n), array_agg(h)) FROM (
            SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, -count(*) AS n, -sum(households) AS h
            FROM old_rows WHERE geom_web IS NOT NULL GROUP BY 1, 2
        ) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
    ELSE
        PERFORM add_to_building_cells(array_agg(cx), array_agg(cy), array_agg(n), array_agg(h)) FROM (
            SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, sum(n) AS n, sum(n * households)::bigint AS h
            FROM (SELECT geom_web, households, 1 AS n FROM new_rows
                UNION ALL SELECT geom_web, households, -1 FROM old_rows) AS moved
            WHERE geom_web IS NOT NULL GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(n * households) <> 0
        ) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_building_cells() IS 'Keeps building_cell equal to a recount of building.';

CREATE FUNCTION add_to_incident_cells(cell_columns integer[], cell_rows integer[], kinds text[], counts bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atlas.incident_cell (z, tile_x, tile_y, cell, kind, incidents)
    SELECT z, (cx >> (13 - z)) >> 6, (cy >> (13 - z)) >> 6,
        (((cy >> (13 - z)) & 63) << 6) | ((cx >> (13 - z)) & 63), k, sum(n)
    FROM unnest(cell_columns, cell_rows, kinds, counts) AS finest(cx, cy, k, n) CROSS JOIN generate_series(6, 13) AS z
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(n) <> 0
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (z, tile_x, tile_y, cell, kind) DO UPDATE SET incidents = incident_cell.incidents + EXCLUDED.incidents;
    IF 0 > ANY (counts) THEN
        DELETE FROM atlas.incident_cell c
        USING unnest(cell_columns, cell_rows, kinds, counts) AS finest(cx, cy, k, n), generate_series(6, 13) AS zoom
        WHERE n < 0 AND c.z = zoom AND c.tile_x = (cx >> (13 - zoom)) >> 6 AND c.tile_y = (cy >> (13 - zoom)) >> 6
            AND c.cell = ((((cy >> (13 - zoom)) & 63) << 6) | ((cx >> (13 - zoom)) & 63))
            AND c.kind = k AND c.incidents = 0;
    END IF;
END $$;
COMMENT ON FUNCTION add_to_incident_cells IS 'Adds counts per kind and zoom-13 cell to every zoom; cells that became empty go.';

CREATE FUNCTION count_incident_cells() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM incident_cell;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM add_to_incident_cells(array_agg(cx), array_agg(cy), array_agg(kind), array_agg(n)) FROM (
            SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, kind, count(*) AS n
            FROM new_rows WHERE geom_web IS NOT NULL GROUP BY 1, 2, 3
        ) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM add_to_incident_cells(array_agg(cx), array_agg(cy), array_agg(kind), array_agg(n)) FROM (
            SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, kind, -count(*) AS n
            FROM old_rows WHERE geom_web IS NOT NULL GROUP BY 1, 2, 3
        ) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
    ELSE
        PERFORM add_to_incident_cells(array_agg(cx), array_agg(cy), array_agg(kind), array_agg(n)) FROM (
            SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, kind, sum(n) AS n
            FROM (SELECT geom_web, kind, 1 AS n FROM new_rows UNION ALL SELECT geom_web, kind, -1 FROM old_rows) AS moved
            WHERE geom_web IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(n) <> 0
        ) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_incident_cells() IS 'Keeps incident_cell equal to a recount of incident.';

-- figures per grid --------------------------------------------------------------------------

CREATE TABLE grid_figure (
    grid_id bigint PRIMARY KEY REFERENCES grid ON DELETE CASCADE,
    buildings integer NOT NULL DEFAULT 0,
    households bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
COMMENT ON TABLE grid_figure IS 'Buildings and households assigned to each grid; kept by triggers on assignment and building.';

CREATE TABLE grid_finding (
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    grid_code text NOT NULL,
    block integer NOT NULL DEFAULT 0,
    blind integer NOT NULL DEFAULT 0,
    warn integer NOT NULL DEFAULT 0,
    hint integer NOT NULL DEFAULT 0,
    PRIMARY KEY (network_id, grid_code)
) WITH (fillfactor = 80);
COMMENT ON TABLE grid_finding IS 'Findings that name each grid, counted by severity; kept by triggers on finding.';

CREATE FUNCTION recount_grids(grids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- The lock comes first and the count in a statement of its own, so that of two
    -- transactions over one grid the second counts what the first has written.
    PERFORM 1 FROM atlas.grid_figure WHERE grid_id = ANY (grids) ORDER BY grid_id FOR UPDATE;
    INSERT INTO atlas.grid_figure (grid_id, buildings, households)
    SELECT grid_id, count(*), sum(b.households)
    FROM atlas.assignment a JOIN atlas.building b ON b.id = a.building_id
    WHERE a.grid_id = ANY (grids)
    GROUP BY grid_id ORDER BY grid_id
    ON CONFLICT (grid_id) DO UPDATE SET buildings = EXCLUDED.buildings, households = EXCLUDED.households;
    DELETE FROM atlas.grid_figure f
    WHERE grid_id = ANY (grids) AND NOT EXISTS (SELECT FROM atlas.assignment a WHERE a.grid_id = f.grid_id);
END $$;
COMMENT ON FUNCTION recount_grids IS 'Counts the assigned buildings and households of these grids anew.';

CREATE FUNCTION count_grid_figures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE touched bigint[];
BEGIN
    IF TG_TABLE_NAME = 'building' THEN
        SELECT array_agg(DISTINCT a.grid_id) INTO touched
        FROM new_rows n JOIN old_rows o USING (id)
        CROSS JOIN network w JOIN assignment a ON a.network_id = w.id AND a.building_id = n.id
        WHERE n.households <> o.households;
    ELSIF TG_OP = 'TRUNCATE' THEN
        DELETE FROM grid_figure;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(grid_id) INTO touched FROM (SELECT grid_id FROM new_rows GROUP BY grid_id) AS g;
        IF NOT EXISTS (SELECT FROM grid_figure WHERE grid_id = ANY (touched)) THEN
            INSERT INTO grid_figure (grid_id, buildings, households)
            SELECT grid_id, count(*), sum(b.households) FROM new_rows JOIN building b ON b.id = building_id
            GROUP BY grid_id ORDER BY grid_id
            ON CONFLICT (grid_id) DO UPDATE SET buildings = grid_figure.buildings + EXCLUDED.buildings,
                households = grid_figure.households + EXCLUDED.households;
            RETURN NULL;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(grid_id) INTO touched FROM (SELECT grid_id FROM old_rows GROUP BY grid_id) AS g;
    ELSE
        SELECT array_agg(grid_id) INTO touched
        FROM (SELECT grid_id FROM new_rows UNION SELECT grid_id FROM old_rows) AS moved;
    END IF;
    IF touched IS NOT NULL THEN
        PERFORM recount_grids(touched);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_grid_figures() IS 'Keeps grid_figure equal to a recount of assignment and building.';

CREATE FUNCTION count_grid_findings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM grid_finding;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO grid_finding AS g (network_id, grid_code, block, blind, warn, hint)
        SELECT network_id, code, count(*) FILTER (WHERE severity = 'block'), count(*) FILTER (WHERE severity = 'blind'),
            count(*) FILTER (WHERE severity = 'warn'), count(*) FILTER (WHERE severity = 'hint')
        FROM new_rows CROSS JOIN unnest(grid_codes) AS code
        WHERE network_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (network_id, grid_code) DO UPDATE SET block = g.block + EXCLUDED.block,
            blind = g.blind + EXCLUDED.blind, warn = g.warn + EXCLUDED.warn, hint = g.hint + EXCLUDED.hint;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE grid_finding AS g SET block = g.block - gone.block, blind = g.blind - gone.blind,
            warn = g.warn - gone.warn, hint = g.hint - gone.hint
        FROM (SELECT network_id, code, count(*) FILTER (WHERE severity = 'block') AS block,
                count(*) FILTER (WHERE severity = 'blind') AS blind, count(*) FILTER (WHERE severity = 'warn') AS warn,
                count(*) FILTER (WHERE severity = 'hint') AS hint
            FROM old_rows CROSS JOIN unnest(grid_codes) AS code GROUP BY 1, 2) AS gone
        WHERE g.network_id = gone.network_id AND g.grid_code = gone.code;
        DELETE FROM grid_finding WHERE block = 0 AND blind = 0 AND warn = 0 AND hint = 0;
    ELSE
        INSERT INTO grid_finding AS g (network_id, grid_code, block, blind, warn, hint)
        SELECT network_id, code, coalesce(sum(n) FILTER (WHERE severity = 'block'), 0),
            coalesce(sum(n) FILTER (WHERE severity = 'blind'), 0), coalesce(sum(n) FILTER (WHERE severity = 'warn'), 0),
            coalesce(sum(n) FILTER (WHERE severity = 'hint'), 0)
        FROM (SELECT network_id, severity, grid_codes, 1 AS n FROM new_rows
            UNION ALL SELECT network_id, severity, grid_codes, -1 FROM old_rows) AS moved
        CROSS JOIN unnest(grid_codes) AS code
        WHERE network_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (network_id, grid_code) DO UPDATE SET block = g.block + EXCLUDED.block,
            blind = g.blind + EXCLUDED.blind, warn = g.warn + EXCLUDED.warn, hint = g.hint + EXCLUDED.hint;
        DELETE FROM grid_finding WHERE block = 0 AND blind = 0 AND warn = 0 AND hint = 0;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_grid_findings() IS 'Keeps grid_finding equal to a recount of finding.';

-- what is there already ----------------------------------------------------------------------

SELECT add_to_building_cells(array_agg(cx), array_agg(cy), array_agg(n), array_agg(h)) FROM (
    SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, count(*) AS n, sum(households) AS h
    FROM building WHERE geom_web IS NOT NULL GROUP BY 1, 2
) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
SELECT add_to_incident_cells(array_agg(cx), array_agg(cy), array_agg(kind), array_agg(n)) FROM (
    SELECT cell_column(geom_web) AS cx, cell_row(geom_web) AS cy, kind, count(*) AS n
    FROM incident WHERE geom_web IS NOT NULL GROUP BY 1, 2, 3
) AS f WHERE cx IS NOT NULL AND cy IS NOT NULL;
SELECT recount_grids(array_agg(id)) FROM grid;
INSERT INTO grid_finding (network_id, grid_code, block, blind, warn, hint)
SELECT network_id, code, count(*) FILTER (WHERE severity = 'block'), count(*) FILTER (WHERE severity = 'blind'),
    count(*) FILTER (WHERE severity = 'warn'), count(*) FILTER (WHERE severity = 'hint')
FROM finding CROSS JOIN unnest(grid_codes) AS code WHERE network_id IS NOT NULL GROUP BY 1, 2;

-- indexes --------------------------------------------------------------------------------------

CREATE INDEX excluded_geom_web ON excluded USING gist (geom_web);
CREATE INDEX road_major ON road USING gist (geom_web)
    WHERE kind IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary');
COMMENT ON INDEX road_major IS 'The few roads that are drawn far out, where a tile holds very many.';

-- triggers -----------------------------------------------------------------------------------

DO $$
DECLARE t text; f text;
BEGIN
    FOR t, f IN VALUES ('building', 'count_building_cells'), ('incident', 'count_incident_cells'),
            ('assignment', 'count_grid_figures'), ('finding', 'count_grid_findings') LOOP
        EXECUTE format('CREATE TRIGGER count_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
        EXECUTE format('CREATE TRIGGER count_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
        EXECUTE format('CREATE TRIGGER count_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
        EXECUTE format('CREATE TRIGGER count_truncated AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
    END LOOP;
    CREATE TRIGGER count_updated_households AFTER UPDATE ON building
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_grid_figures();
    FOREACH t IN ARRAY ARRAY['grid_figure', 'grid_finding', 'network', 'refresh'] LOOP
        EXECUTE format('CREATE TRIGGER bump_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version()', t);
    END LOOP;
END $$;

-- rights -------------------------------------------------------------------------------------
-- Only the triggers write these tables, as atlas_owner; everybody else reads them.

DO $$
DECLARE t text; f text;
BEGIN
    FOREACH t IN ARRAY ARRAY['building_cell', 'incident_cell', 'grid_figure', 'grid_finding'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY app_known ON atlas.%I TO atlas_app USING ((SELECT atlas.actor_is_known()))', t);
        EXECUTE format('GRANT SELECT ON atlas.%I TO atlas_app', t);
    END LOOP;
    FOREACH f IN ARRAY ARRAY['add_to_building_cells', 'add_to_incident_cells', 'recount_grids',
            'count_building_cells', 'count_incident_cells', 'count_grid_figures', 'count_grid_findings'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION atlas.%I FROM PUBLIC', f);
    END LOOP;
END $$;
