-- Runs as atlas_owner with search_path = atlas, public.
DROP TRIGGER outside_inserted ON building;
DROP TRIGGER outside_updated ON building;
DROP TRIGGER outside_deleted ON building;
DROP TRIGGER outside_truncated ON building;
DROP INDEX assignment_building, area_level, finding_reach;
DROP FUNCTION reach_of(geometry, double precision);
DROP FUNCTION settle_day(bigint, date, bigint[], text[], jsonb, bigint[]);
CREATE FUNCTION settle_day(network bigint, this_day date, areas bigint[], codes text[], more jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    last date;
    lowest text;
BEGIN
    SELECT max(d.day) INTO last FROM coverage_day d
    WHERE d.network_id = network AND d.area_id IS NULL AND d.grid_code IS NULL AND d.day <= this_day;
    IF last IS NULL THEN
        areas := NULL; codes := NULL; more := NULL;
    ELSIF last < this_day THEN -- a new day begins where the last one ended
        INSERT INTO coverage_day (network_id, day, area_id, buildings, households, blind_buildings, blind_households, open)
        SELECT d.network_id, this_day, d.area_id, d.buildings, d.households, d.blind_buildings, d.blind_households, d.open
        FROM coverage_day d WHERE d.network_id = network AND d.day = last AND d.grid_code IS NULL;
    END IF;
    SELECT a.level INTO lowest FROM area a ORDER BY array_position(ARRAY['community', 'street', 'district'], a.level) LIMIT 1;

    -- areas
    INSERT INTO coverage_day AS d (network_id, day, area_id, buildings, households, blind_buildings, blind_households, open)
    WITH blind AS MATERIALIZED (
        SELECT DISTINCT x.building_id
        FROM building b JOIN finding_building x ON x.building_id = b.id JOIN finding f ON f.id = x.finding_id
        WHERE (areas IS NULL OR b.area_id = ANY (areas)) AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted
    ), house AS (
        SELECT b.area_id, count(*) AS buildings, sum(b.households) AS households, count(x.building_id) AS blind_buildings,
            sum(b.households) FILTER (WHERE x.building_id IS NOT NULL) AS blind_households
        FROM building b LEFT JOIN blind x ON x.building_id = b.id
        WHERE areas IS NULL OR b.area_id = ANY (areas)
        GROUP BY b.area_id
    ), found AS (
        SELECT c.area_id, jsonb_object_agg(c.rule, c.n) AS open
        FROM (
            SELECT f.area_id, f.rule, count(*) AS n FROM finding f
            WHERE f.network_id = network AND NOT f.accepted AND (areas IS NULL OR f.area_id = ANY (areas))
            GROUP BY f.area_id, f.rule
        ) AS c
        GROUP BY c.area_id
    )
    SELECT network, this_day, a.id, coalesce(h.buildings, 0), coalesce(h.households, 0), coalesce(h.blind_buildings, 0),
        coalesce(h.blind_households, 0), coalesce(o.open, '{}')
    FROM area a LEFT JOIN house h ON h.area_id = a.id LEFT JOIN found o ON o.area_id = a.id
    WHERE (areas IS NULL OR a.id = ANY (areas)) AND (a.level = lowest OR h.buildings > 0 OR o.open IS NOT NULL OR EXISTS (
        SELECT FROM coverage_day k WHERE k.network_id = network AND k.day = this_day AND k.area_id = a.id AND k.grid_code IS NULL))
    ON CONFLICT (network_id, day, coalesce(area_id, 0), coalesce(grid_code, '')) DO UPDATE SET buildings = EXCLUDED.buildings,
        households = EXCLUDED.households, blind_buildings = EXCLUDED.blind_buildings, blind_households = EXCLUDED.blind_households,
        open = EXCLUDED.open, updated_at = now()
    WHERE (d.buildings, d.households, d.blind_buildings, d.blind_households, d.open) IS DISTINCT FROM
        (EXCLUDED.buildings, EXCLUDED.households, EXCLUDED.blind_buildings, EXCLUDED.blind_households, EXCLUDED.open);

    -- the network: its areas, and the buildings in none
    INSERT INTO coverage_day AS d (network_id, day, buildings, households, blind_buildings, blind_households, open)
    SELECT network, this_day, s.buildings + r.buildings, s.households + r.households, s.blind_buildings + r.blind_buildings,
        s.blind_households + r.blind_households, o.open
    FROM (
        SELECT coalesce(sum(k.buildings), 0) AS buildings, coalesce(sum(k.households), 0) AS households,
            coalesce(sum(k.blind_buildings), 0) AS blind_buildings, coalesce(sum(k.blind_households), 0) AS blind_households
        FROM coverage_day k WHERE k.network_id = network AND k.day = this_day AND k.grid_code IS NULL AND k.area_id IS NOT NULL
    ) AS s CROSS JOIN (
        SELECT count(*) AS buildings, coalesce(sum(b.households), 0) AS households, count(*) FILTER (WHERE x.blind) AS blind_buildings,
            coalesce(sum(b.households) FILTER (WHERE x.blind), 0) AS blind_households
        FROM building b
        CROSS JOIN LATERAL (SELECT EXISTS (
            SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id
            WHERE x.building_id = b.id AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted) AS blind) AS x
        WHERE b.area_id IS NULL
    ) AS r CROSS JOIN (
        SELECT coalesce(jsonb_object_agg(t.rule, t.n), '{}') AS open
        FROM (
            SELECT e.rule, sum(e.n) AS n
            FROM (
                SELECT f.rule, count(*) AS n FROM finding f WHERE more IS NULL AND f.network_id = network AND NOT f.accepted GROUP BY f.rule
                UNION ALL
                SELECT v.key, v.value::bigint FROM jsonb_each_text(more) AS v WHERE more IS NOT NULL
                UNION ALL
                SELECT v.key, v.value::bigint FROM coverage_day k CROSS JOIN jsonb_each_text(k.open) AS v
                WHERE more IS NOT NULL AND k.network_id = network AND k.day = this_day AND k.grid_code IS NULL AND k.area_id IS NULL
            ) AS e
            GROUP BY e.rule HAVING sum(e.n) <> 0
        ) AS t
    ) AS o
    ON CONFLICT (network_id, day, coalesce(area_id, 0), coalesce(grid_code, '')) DO UPDATE SET buildings = EXCLUDED.buildings,
        households = EXCLUDED.households, blind_buildings = EXCLUDED.blind_buildings, blind_households = EXCLUDED.blind_households,
        open = EXCLUDED.open, updated_at = now()
    WHERE (d.buildings, d.households, d.blind_buildings, d.blind_households, d.open) IS DISTINCT FROM
        (EXCLUDED.buildings, EXCLUDED.households, EXCLUDED.blind_buildings, EXCLUDED.blind_households, EXCLUDED.open);

    -- grids, where something changed
    INSERT INTO coverage_day AS d (network_id, day, area_id, grid_code, buildings, households, blind_buildings, blind_households, open)
    WITH wanted AS MATERIALIZED (
        SELECT g.id, g.code, g.area_id FROM grid g WHERE areas IS NULL AND g.network_id = network AND g.valid_to IS NULL
        UNION ALL
        SELECT g.id, g.code, g.area_id FROM grid g
        WHERE g.id = ANY (ARRAY(
            SELECT a.id FROM grid a WHERE areas IS NOT NULL AND a.area_id = ANY (areas)
            UNION SELECT c.id FROM grid c WHERE areas IS NOT NULL AND c.network_id = network AND c.code = ANY (codes)
        )) AND g.network_id = network AND g.valid_to IS NULL
    ), house AS MATERIALIZED (
        SELECT DISTINCT x.building_id FROM finding f JOIN finding_building x ON x.finding_id = f.id
        WHERE areas IS NULL AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted
        UNION ALL
        SELECT a.building_id FROM wanted w JOIN assignment a ON a.grid_id = w.id AND a.network_id = network
        WHERE areas IS NOT NULL AND EXISTS (
            SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id
            WHERE x.building_id = a.building_id AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted)
    ), blind AS (
        SELECT a.grid_id, count(*) AS buildings, sum(b.households) AS households
        FROM house h JOIN assignment a ON a.network_id = network AND a.building_id = h.building_id JOIN building b ON b.id = h.building_id
        GROUP BY a.grid_id
    ), found AS (
        SELECT c.code, jsonb_object_agg(c.rule, c.n) AS open
        FROM (
            SELECT g.code, f.rule, count(*) AS n
            FROM finding f CROSS JOIN unnest(f.grid_codes) AS g (code)
            WHERE areas IS NULL AND f.network_id = network AND NOT f.accepted
            GROUP BY g.code, f.rule
            UNION ALL
            SELECT w.code, f.rule, count(*)
            FROM wanted w CROSS JOIN LATERAL (
                SELECT k.network_id, k.rule, k.accepted FROM finding k WHERE k.grid_codes @> ARRAY[w.code] OFFSET 0
            ) AS f
            WHERE areas IS NOT NULL AND f.network_id = network AND NOT f.accepted
            GROUP BY w.code, f.rule
        ) AS c
        GROUP BY c.code
    )
    SELECT network, this_day, w.area_id, w.code, n.*
    FROM wanted w LEFT JOIN grid_figure v ON v.grid_id = w.id LEFT JOIN blind h ON h.grid_id = w.id LEFT JOIN found o ON o.code = w.code
    CROSS JOIN LATERAL (
        SELECT coalesce(v.buildings, 0) AS buildings, coalesce(v.households, 0) AS households, coalesce(h.buildings, 0) AS blind_buildings,
            coalesce(h.households, 0) AS blind_households, coalesce(o.open, '{}') AS open
    ) AS n
    LEFT JOIN LATERAL (
        SELECT k.area_id, k.buildings, k.households, k.blind_buildings, k.blind_households, k.open FROM coverage_day k
        WHERE k.network_id = network AND k.grid_code = w.code AND k.day <= this_day ORDER BY k.day DESC LIMIT 1
    ) AS k ON true
    WHERE (k.area_id, k.buildings, k.households, k.blind_buildings, k.blind_households, k.open) IS DISTINCT FROM
        (w.area_id, n.buildings, n.households, n.blind_buildings, n.blind_households, n.open)
    ON CONFLICT (network_id, day, coalesce(area_id, 0), coalesce(grid_code, '')) DO UPDATE SET buildings = EXCLUDED.buildings,
        households = EXCLUDED.households, blind_buildings = EXCLUDED.blind_buildings, blind_households = EXCLUDED.blind_households,
        open = EXCLUDED.open, updated_at = now();
END $$;
COMMENT ON FUNCTION settle_day(bigint, date, bigint[], text[], jsonb) IS 'Counts the headline of a day anew: of some areas and grids, given how many open findings of each rule there are more or less (more), or of all (null). The network is the sum of its areas and of the buildings in none.';
REVOKE EXECUTE ON FUNCTION settle_day(bigint, date, bigint[], text[], jsonb) FROM PUBLIC;
CREATE OR REPLACE FUNCTION keep_accepted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    moved bigint[];
    network bigint;
BEGIN
    SELECT array_agg(f.id) INTO moved FROM new_rows n JOIN finding f ON f.id = n.finding_id WHERE f.accepted <> (n.state = 'excepted');
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE finding SET accepted = NOT accepted WHERE id = ANY (moved);
    FOR network IN SELECT DISTINCT f.network_id FROM finding f WHERE f.id = ANY (moved) LOOP
        PERFORM settle_day(network, coalesce(nullif(current_setting('atlas.day', true), '')::date, today()),
            ARRAY(SELECT f.area_id FROM finding f WHERE f.id = ANY (moved) AND f.network_id = network AND f.area_id IS NOT NULL
                UNION SELECT b.area_id FROM finding f JOIN finding_building x ON x.finding_id = f.id JOIN building b ON b.id = x.building_id
                WHERE f.id = ANY (moved) AND f.network_id = network AND b.area_id IS NOT NULL),
            ARRAY(SELECT unnest(f.grid_codes) FROM finding f WHERE f.id = ANY (moved) AND f.network_id = network
                UNION SELECT g.code FROM finding f JOIN finding_building x ON x.finding_id = f.id
                JOIN assignment a ON a.network_id = f.network_id AND a.building_id = x.building_id JOIN grid g ON g.id = a.grid_id
                WHERE f.id = ANY (moved) AND f.network_id = network),
            (SELECT jsonb_object_agg(c.rule, c.n) FROM (
                SELECT f.rule, sum(CASE WHEN f.accepted THEN -1 ELSE 1 END) AS n FROM finding f
                WHERE f.id = ANY (moved) AND f.network_id = network GROUP BY f.rule) AS c));
    END LOOP;
    RETURN NULL;
END $$;
DROP FUNCTION keep_outside(), touch_outside(bigint, bigint[]), recount_outside(bigint);
DROP TABLE outside_sum, outside;
CREATE OR REPLACE FUNCTION add_dirty(kind text, networks bigint[], everything boolean, ids bigint[], codes text[], place geometry, more integer DEFAULT 0) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atlas.dirty (network_id, kind, everything, ids, codes, place, more)
    SELECT n.id, add_dirty.kind, add_dirty.everything, coalesce(add_dirty.ids, '{}'), coalesce(add_dirty.codes, '{}'), add_dirty.place, add_dirty.more
    FROM atlas.network n
    WHERE CASE WHEN networks IS NULL THEN EXISTS (SELECT FROM atlas.grid g WHERE g.network_id = n.id) ELSE n.id = ANY (networks) END;
    IF FOUND THEN
        NOTIFY gridatlas_dirty;
    END IF;
END $$;
