-- What one change costs does not depend on how much there is: buildings of no area are counted as
-- they come and go, loose buildings are found by the land their nearest grid may change in, and
-- what hangs on a building is found by its number.
-- Runs as atlas_owner with search_path = atlas, public.

-- Deleting a building looked through the assignment of all of them: its key begins with the network.
CREATE INDEX assignment_building ON assignment (building_id);

-- Which level is the lowest is asked by every rule that reads areas.
CREATE INDEX area_level ON area (array_position(ARRAY['community', 'street', 'district'], level));

-- A network that has grids is found by looking for one in the index, not by reading them all for one that has none.
CREATE OR REPLACE FUNCTION add_dirty(kind text, networks bigint[], everything boolean, ids bigint[], codes text[], place geometry, more integer DEFAULT 0) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atlas.dirty (network_id, kind, everything, ids, codes, place, more)
    SELECT n.id, add_dirty.kind, add_dirty.everything, coalesce(add_dirty.ids, '{}'), coalesce(add_dirty.codes, '{}'), add_dirty.place, add_dirty.more
    FROM atlas.network n
    CROSS JOIN LATERAL (SELECT FROM atlas.grid g WHERE networks IS NULL AND g.network_id = n.id ORDER BY g.code LIMIT 1) AS g
    UNION ALL
    SELECT n.id, add_dirty.kind, add_dirty.everything, coalesce(add_dirty.ids, '{}'), coalesce(add_dirty.codes, '{}'), add_dirty.place, add_dirty.more
    FROM atlas.network n
    WHERE n.id = ANY (networks);
    IF FOUND THEN
        NOTIFY gridatlas_dirty;
    END IF;
END $$;

-- buildings of no area --------------------------------------------------------------------------

CREATE TABLE outside (
    building_id bigint NOT NULL,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    households integer NOT NULL,
    blind boolean NOT NULL,
    PRIMARY KEY (building_id, network_id)
);
COMMENT ON TABLE outside IS 'Buildings that lie in no area, and whether an open blind finding of the network touches them; kept by triggers on building and by settle_day().';
CREATE INDEX outside_network ON outside (network_id);

CREATE TABLE outside_sum (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    buildings bigint NOT NULL,
    households bigint NOT NULL,
    blind_buildings bigint NOT NULL,
    blind_households bigint NOT NULL
);
COMMENT ON TABLE outside_sum IS 'The sums over outside: all rows of a network added up. Every change adds a row of its own, so that nobody waits for anybody; settle_day() makes them one. A network that was never counted has none.';
CREATE INDEX outside_sum_network ON outside_sum (network_id);

CREATE FUNCTION recount_outside(network bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    -- The locks come first and the count in statements of their own: what is on its way out
    -- is waited for, what comes in later adds a row to the sums.
    PERFORM 1 FROM outside o WHERE o.network_id = network ORDER BY o.building_id FOR UPDATE;
    WITH truth AS MATERIALIZED (
        SELECT b.id, b.households, x.building_id IS NOT NULL AS blind
        FROM building b
        LEFT JOIN (
            SELECT DISTINCT x.building_id FROM finding f JOIN finding_building x ON x.finding_id = f.id
            WHERE f.network_id = network AND f.severity = 'blind' AND NOT f.accepted
        ) AS x ON x.building_id = b.id
        WHERE b.area_id IS NULL
    ), gone AS (
        DELETE FROM outside o WHERE o.network_id = network AND NOT EXISTS (SELECT FROM truth n WHERE n.id = o.building_id)
    ), kept AS (
        INSERT INTO outside AS o (building_id, network_id, households, blind)
        SELECT n.id, network, n.households, n.blind FROM truth n ORDER BY n.id
        ON CONFLICT (building_id, network_id) DO UPDATE SET households = EXCLUDED.households, blind = EXCLUDED.blind
        WHERE (o.households, o.blind) <> (EXCLUDED.households, EXCLUDED.blind)
    ), before AS (
        DELETE FROM outside_sum s WHERE s.network_id = network
    )
    INSERT INTO outside_sum (network_id, buildings, households, blind_buildings, blind_households)
    SELECT network, count(*), coalesce(sum(n.households), 0), count(*) FILTER (WHERE n.blind), coalesce(sum(n.households) FILTER (WHERE n.blind), 0)
    FROM truth n;
END $$;
COMMENT ON FUNCTION recount_outside(bigint) IS 'Counts the buildings of no area anew, for one network.';

CREATE FUNCTION touch_outside(network bigint, houses bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM outside o WHERE o.building_id = ANY (houses) AND o.network_id = network ORDER BY o.building_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    WITH moved AS (
        UPDATE outside o SET blind = NOT o.blind
        WHERE o.building_id = ANY (houses) AND o.network_id = network AND o.blind <> EXISTS (
            SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id
            WHERE x.building_id = o.building_id AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted)
        RETURNING CASE WHEN o.blind THEN 1 ELSE -1 END AS n, o.households
    )
    INSERT INTO outside_sum (network_id, buildings, households, blind_buildings, blind_households)
    SELECT network, 0, 0, sum(n), sum(n * households) FROM moved HAVING count(*) > 0;
END $$;
COMMENT ON FUNCTION touch_outside(bigint, bigint[]) IS 'Looks up anew whether some buildings of no area are blind, after findings of a network came or went.';

CREATE FUNCTION keep_outside() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    houses bigint[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM outside;
        UPDATE outside_sum SET buildings = 0, households = 0, blind_buildings = 0, blind_households = 0;
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.id) INTO houses FROM new_rows n WHERE n.area_id IS NULL;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(o.id) INTO houses FROM old_rows o WHERE o.area_id IS NULL;
    ELSE
        SELECT array_agg(n.id) INTO houses FROM new_rows n JOIN old_rows o USING (id)
        WHERE (o.area_id IS NULL OR n.area_id IS NULL) AND (o.area_id IS NULL, o.households) <> (n.area_id IS NULL, n.households);
    END IF;
    IF houses IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        WITH gone AS (DELETE FROM outside o WHERE o.building_id = ANY (houses) RETURNING *)
        INSERT INTO outside_sum (network_id, buildings, households, blind_buildings, blind_households)
        SELECT network_id, -count(*), -sum(households), -count(*) FILTER (WHERE blind), -coalesce(sum(households) FILTER (WHERE blind), 0)
        FROM gone GROUP BY network_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        WITH come AS (
            INSERT INTO outside (building_id, network_id, households, blind)
            SELECT b.id, w.network_id, b.households, TG_OP = 'UPDATE' AND EXISTS (
                SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id
                WHERE x.building_id = b.id AND f.network_id = w.network_id AND f.severity = 'blind' AND NOT f.accepted)
            FROM building b CROSS JOIN (SELECT DISTINCT network_id FROM outside_sum) AS w
            WHERE b.id = ANY (houses) AND b.area_id IS NULL
            ORDER BY b.id, w.network_id
            RETURNING *
        )
        INSERT INTO outside_sum (network_id, buildings, households, blind_buildings, blind_households)
        SELECT network_id, count(*), sum(households), count(*) FILTER (WHERE blind), coalesce(sum(households) FILTER (WHERE blind), 0)
        FROM come GROUP BY network_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_outside() IS 'Keeps outside and its sums as buildings come, go, move in and out of every area or have other households.';

CREATE TRIGGER outside_inserted AFTER INSERT ON building REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_outside();
CREATE TRIGGER outside_updated AFTER UPDATE ON building REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_outside();
CREATE TRIGGER outside_deleted AFTER DELETE ON building REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_outside();
CREATE TRIGGER outside_truncated AFTER TRUNCATE ON building FOR EACH STATEMENT EXECUTE FUNCTION keep_outside();

DROP FUNCTION settle_day(bigint, date, bigint[], text[], jsonb);
CREATE FUNCTION settle_day(network bigint, this_day date, areas bigint[], codes text[], more jsonb, houses bigint[]) RETURNS void
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
        SELECT DISTINCT x.building_id FROM finding f JOIN finding_building x ON x.finding_id = f.id
        WHERE areas IS NULL AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted
        UNION ALL -- building by building, however many findings there are
        SELECT b.id FROM building b CROSS JOIN LATERAL (
            SELECT FROM finding_building x CROSS JOIN LATERAL (
                SELECT FROM finding f WHERE f.id = x.finding_id AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted OFFSET 0
            ) AS f WHERE x.building_id = b.id LIMIT 1
        ) AS x
        WHERE areas IS NOT NULL AND b.area_id = ANY (areas)
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
    IF areas IS NULL THEN
        PERFORM recount_outside(network);
    ELSE
        PERFORM touch_outside(network, houses);
        IF (SELECT count(*) FROM outside_sum k WHERE k.network_id = network) > 1 THEN
            WITH part AS (DELETE FROM outside_sum k WHERE k.network_id = network RETURNING *)
            INSERT INTO outside_sum (network_id, buildings, households, blind_buildings, blind_households)
            SELECT network, sum(buildings), sum(households), sum(blind_buildings), sum(blind_households) FROM part HAVING count(*) > 0;
        END IF;
    END IF;
    INSERT INTO coverage_day AS d (network_id, day, buildings, households, blind_buildings, blind_households, open)
    SELECT network, this_day, s.buildings + r.buildings, s.households + r.households, s.blind_buildings + r.blind_buildings,
        s.blind_households + r.blind_households, o.open
    FROM (
        SELECT coalesce(sum(k.buildings), 0) AS buildings, coalesce(sum(k.households), 0) AS households,
            coalesce(sum(k.blind_buildings), 0) AS blind_buildings, coalesce(sum(k.blind_households), 0) AS blind_households
        FROM coverage_day k WHERE k.network_id = network AND k.day = this_day AND k.grid_code IS NULL AND k.area_id IS NOT NULL
    ) AS s CROSS JOIN (
        SELECT coalesce(sum(k.buildings), 0) AS buildings, coalesce(sum(k.households), 0) AS households,
            coalesce(sum(k.blind_buildings), 0) AS blind_buildings, coalesce(sum(k.blind_households), 0) AS blind_households
        FROM outside_sum k WHERE k.network_id = network
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
COMMENT ON FUNCTION settle_day(bigint, date, bigint[], text[], jsonb, bigint[]) IS 'Counts the headline of a day anew: of some areas and grids, given how many open findings of each rule there are more or less (more) and which buildings findings that came or went touch (houses), or of all (null). The network is the sum of its areas and of the buildings in none.';

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
                WHERE f.id = ANY (moved) AND f.network_id = network GROUP BY f.rule) AS c),
            ARRAY(SELECT x.building_id FROM finding f JOIN finding_building x ON x.finding_id = f.id WHERE f.id = ANY (moved) AND f.network_id = network));
    END LOOP;
    RETURN NULL;
END $$;

-- whose nearest grid a redrawn border may change ---------------------------------------------------

CREATE FUNCTION reach_of(place geometry, metres double precision) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ST_Expand(place, metres * 1.02 / (110500 * greatest(cos(radians(ST_Y(place))), 0.01)));
COMMENT ON FUNCTION reach_of(geometry, double precision) IS 'Box in degrees around a point, at least so many metres to each side.';
CREATE INDEX finding_reach ON finding USING gist (reach_of(geom, (measure ->> 'distance_m')::double precision))
    WHERE rule = 'unassigned_building' AND subjects ->> 'kind' = 'loose';
COMMENT ON INDEX finding_reach IS 'Loose buildings by the land in which another grid could be nearer than the one that is.';

-- who may -----------------------------------------------------------------------------------------

DO $$
DECLARE t text; f text;
BEGIN
    FOREACH t IN ARRAY ARRAY['outside', 'outside_sum'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    FOREACH f IN ARRAY ARRAY['recount_outside(bigint)', 'touch_outside(bigint, bigint[])', 'keep_outside()',
        'settle_day(bigint, date, bigint[], text[], jsonb, bigint[])']
    LOOP
        EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f || ' FROM PUBLIC';
    END LOOP;
END $$;

SELECT recount_outside(d.network_id) FROM (SELECT DISTINCT network_id FROM coverage_day) AS d;
