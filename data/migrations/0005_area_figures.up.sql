-- Figures per area for maps far out: what an area's grids hold together, so that a tile reads
-- the areas it meets and not every grid of the network. Kept by statement triggers in the
-- transaction of the change. Runs as atlas_owner with search_path = atlas, public.

CREATE TABLE area_figure (
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    area_id bigint NOT NULL REFERENCES area ON DELETE CASCADE,
    kind text NOT NULL,
    grids integer NOT NULL DEFAULT 0,
    size double precision NOT NULL DEFAULT 0,
    reach geometry(Polygon, 3857),
    buildings bigint NOT NULL DEFAULT 0,
    households bigint NOT NULL DEFAULT 0,
    block bigint NOT NULL DEFAULT 0,
    blind bigint NOT NULL DEFAULT 0,
    warn bigint NOT NULL DEFAULT 0,
    hint bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (network_id, area_id, kind)
) WITH (fillfactor = 70);
COMMENT ON TABLE area_figure IS 'Sums over the grids in force of each area, network and kind; kept by triggers on grid, grid_figure and grid_finding. Nobody reads it but area_sums().';
COMMENT ON COLUMN area_figure.size IS 'Longer sides of the grids'' boxes, added up, in Web Mercator metres.';
COMMENT ON COLUMN area_figure.reach IS 'Box around the grids.';
CREATE INDEX area_figure_reach ON area_figure USING gist (reach);

CREATE FUNCTION recount_areas(networks bigint[], areas bigint[], kinds text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- The lock comes first and the count in a statement of its own, so that of two
    -- transactions over one area the second counts what the first has written. A row that
    -- counts nothing stays: it is the lock of the next.
    INSERT INTO atlas.area_figure (network_id, area_id, kind)
    SELECT DISTINCT n, a, k FROM unnest(networks, areas, kinds) AS t(n, a, k) WHERE a IS NOT NULL ORDER BY 1, 2, 3
    ON CONFLICT (network_id, area_id, kind) DO NOTHING;
    PERFORM 1 FROM atlas.area_figure f
    WHERE (f.network_id, f.area_id, f.kind) IN (SELECT n, a, k FROM unnest(networks, areas, kinds) AS t(n, a, k))
    ORDER BY f.network_id, f.area_id, f.kind FOR UPDATE;
    UPDATE atlas.area_figure f SET grids = c.grids, size = c.size, reach = c.reach, buildings = c.buildings,
        households = c.households, block = c.block, blind = c.blind, warn = c.warn, hint = c.hint
    FROM (
        SELECT t.n, t.a, t.k, count(g.id) AS grids, ST_SetSRID(ST_Extent(g.geom_web)::geometry, 3857) AS reach,
            coalesce(sum(greatest(ST_XMax(g.geom_web) - ST_XMin(g.geom_web), ST_YMax(g.geom_web) - ST_YMin(g.geom_web))), 0) AS size,
            coalesce(sum(v.buildings), 0) AS buildings, coalesce(sum(v.households), 0) AS households,
            coalesce(sum(w.block), 0) AS block, coalesce(sum(w.blind), 0) AS blind,
            coalesce(sum(w.warn), 0) AS warn, coalesce(sum(w.hint), 0) AS hint
        FROM (SELECT DISTINCT n, a, k FROM unnest(networks, areas, kinds) AS given(n, a, k) WHERE a IS NOT NULL) AS t
        LEFT JOIN atlas.grid g ON g.network_id = t.n AND g.area_id = t.a AND g.kind = t.k AND g.valid_to IS NULL
        LEFT JOIN atlas.grid_figure v ON v.grid_id = g.id
        LEFT JOIN atlas.grid_finding w ON w.network_id = g.network_id AND w.grid_code = g.code
        GROUP BY t.n, t.a, t.k
    ) AS c
    WHERE (f.network_id, f.area_id, f.kind) = (c.n, c.a, c.k);
END $$;
COMMENT ON FUNCTION recount_areas IS 'Adds up the grids of these areas anew.';

CREATE FUNCTION count_area_figures() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    networks bigint[];
    areas bigint[];
    kinds text[];
    touched text := CASE TG_OP WHEN 'INSERT' THEN 'SELECT * FROM new_rows' WHEN 'DELETE' THEN 'SELECT * FROM old_rows'
        ELSE 'SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows' END;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        SELECT array_agg(network_id), array_agg(area_id), array_agg(kind) INTO networks, areas, kinds FROM area_figure;
    ELSE
        EXECUTE format('SELECT array_agg(network_id), array_agg(area_id), array_agg(kind)
            FROM (SELECT DISTINCT g.network_id, g.area_id, g.kind FROM (%s) AS t %s WHERE g.area_id IS NOT NULL) AS k', touched,
            CASE TG_TABLE_NAME WHEN 'grid' THEN 'CROSS JOIN LATERAL (SELECT t.network_id, t.area_id, t.kind) AS g'
                WHEN 'grid_figure' THEN 'JOIN grid g ON g.id = t.grid_id AND g.valid_to IS NULL'
                ELSE 'JOIN grid g ON g.network_id = t.network_id AND g.code = t.grid_code AND g.valid_to IS NULL' END)
        INTO networks, areas, kinds;
    END IF;
    IF networks IS NOT NULL THEN
        PERFORM recount_areas(networks, areas, kinds);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_area_figures() IS 'Keeps area_figure equal to a recount of grid, grid_figure and grid_finding.';

CREATE FUNCTION area_sums(network bigint, kinds text[], box geometry)
RETURNS TABLE (area_id bigint, size double precision, mine boolean, buildings bigint, households bigint,
    block bigint, blind bigint, warn bigint, hint bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    reads boolean := has_role('{leader,planner,supervisor,worker,department,wall}') OR account_id() IS NULL;
    wide boolean := reads AND everywhere();
    areas bigint[] := CASE WHEN reads AND NOT wide THEN scope_areas() ELSE '{}' END;
    single bigint[] := CASE WHEN reads AND NOT wide THEN scope_grids() ELSE '{}' END;
BEGIN
    RETURN QUERY
    SELECT s.area_id, s.size, own.mine, CASE WHEN own.mine THEN s.buildings END, CASE WHEN own.mine THEN s.households END,
        CASE WHEN own.mine THEN s.block END, CASE WHEN own.mine THEN s.blind END,
        CASE WHEN own.mine THEN s.warn END, CASE WHEN own.mine THEN s.hint END
    FROM (
        SELECT f.area_id, sum(f.grids) AS grids, sum(f.size) / sum(f.grids) AS size, sum(f.buildings)::bigint AS buildings,
            sum(f.households)::bigint AS households, sum(f.block)::bigint AS block, sum(f.blind)::bigint AS blind,
            sum(f.warn)::bigint AS warn, sum(f.hint)::bigint AS hint, bool_or(f.reach && area_sums.box) AS near
        FROM area_figure f
        WHERE f.network_id = area_sums.network AND f.grids > 0 AND (area_sums.kinds IS NULL OR f.kind = ANY (area_sums.kinds))
            AND f.area_id IN (SELECT r.area_id FROM area_figure r WHERE r.network_id = area_sums.network AND r.reach && area_sums.box)
        GROUP BY f.area_id
    ) AS s
    CROSS JOIN LATERAL (SELECT wide OR s.area_id = ANY (areas) OR single <> '{}' AND s.grids = (
        SELECT count(*) FROM grid g WHERE g.id = ANY (single) AND g.valid_to IS NULL AND g.area_id = s.area_id
            AND g.network_id = area_sums.network AND (area_sums.kinds IS NULL OR g.kind = ANY (area_sums.kinds))) AS mine) AS own
    WHERE s.near;
END $$;
COMMENT ON FUNCTION area_sums(bigint, text[], geometry) IS 'Areas whose grids of one network come near a box: how large the grids are on average and, where all of them lie in the actor''s scope, their sums.';

SELECT recount_areas(array_agg(network_id), array_agg(area_id), array_agg(kind))
FROM (SELECT DISTINCT network_id, area_id, kind FROM grid WHERE area_id IS NOT NULL) AS k;

DO $$
DECLARE t text; f text;
BEGIN
    FOREACH t IN ARRAY ARRAY['grid', 'grid_figure', 'grid_finding'] LOOP
        EXECUTE format('CREATE TRIGGER sum_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_area_figures()', t);
        EXECUTE format('CREATE TRIGGER sum_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_area_figures()', t);
        EXECUTE format('CREATE TRIGGER sum_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_area_figures()', t);
        EXECUTE format('CREATE TRIGGER sum_truncated AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION count_area_figures()', t);
    END LOOP;
    FOREACH f IN ARRAY ARRAY['recount_areas(bigint[], bigint[], text[])', 'count_area_figures()'] LOOP
        EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f || ' FROM PUBLIC';
    END LOOP;
END $$;

-- Only the triggers write this table, as atlas_owner; persons read it through area_sums().
ALTER TABLE area_figure ENABLE ROW LEVEL SECURITY;
ALTER TABLE area_figure FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON area_figure TO atlas_owner USING (true) WITH CHECK (true);
REVOKE ALL ON area_figure FROM atlas_app;
