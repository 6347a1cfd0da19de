-- Where the coverage no longer fits the records: every change marks its place in its own
-- transaction, set-based, and a run of the worker takes the marks together with keeping what it
-- found. Runs as atlas_owner with search_path = atlas, public.

CREATE TABLE dirty (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN (
        'area', 'grid', 'building', 'incident', 'excluded', 'post', 'leave', 'visit', 'track', 'duty', 'road', 'water', 'network', 'declared', 'statistics'
    )),
    everything boolean NOT NULL DEFAULT false,
    ids bigint[] NOT NULL DEFAULT '{}',
    codes text[] NOT NULL DEFAULT '{}',
    more integer NOT NULL DEFAULT 0,
    place geometry(Geometry, 4490),
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dirty IS 'Marks of changes the coverage does not know yet; a run deletes those it read in the transaction that keeps its result.';
COMMENT ON COLUMN dirty.kind IS 'What changed; statistics: a local run left the rules that compare the whole network to a run of their own.';
COMMENT ON COLUMN dirty.everything IS 'So much changed that the whole network has to be judged anew.';
COMMENT ON COLUMN dirty.ids IS 'Buildings, incidents or areas that changed; of posts and leave the persons.';
COMMENT ON COLUMN dirty.codes IS 'Grids that changed or were named; of areas their codes.';
COMMENT ON COLUMN dirty.more IS 'Rows that came, less those that went; of incidents.';
COMMENT ON COLUMN dirty.place IS 'Where the rows lay before and after, as points, boxes or lines; of a grid its land as it was before (what it is now stands in grid).';
CREATE INDEX dirty_network ON dirty (network_id, id);

CREATE TABLE run (
    network_id bigint PRIMARY KEY REFERENCES network ON DELETE CASCADE,
    task text NOT NULL CHECK (task IN ('dirty', 'statistics', 'all')),
    stage text NOT NULL DEFAULT '',
    step integer NOT NULL DEFAULT 0,
    steps integer NOT NULL DEFAULT 0,
    actor text NOT NULL DEFAULT actor_name(),
    error text,
    whole_at timestamptz,
    there jsonb,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
COMMENT ON TABLE run IS 'The newest run of each network: which, how far it is, when it ended or what stood in its way.';
COMMENT ON COLUMN run.there IS 'Which kinds of records there were at all at the last run: rules judge nothing where there are none.';
COMMENT ON COLUMN run.whole_at IS 'When the last whole run began; the next day asks for another one, because rules look at the day.';

-- the marks -------------------------------------------------------------------------------------

CREATE FUNCTION add_dirty(kind text, networks bigint[], everything boolean, ids bigint[], codes text[], place geometry, more integer DEFAULT 0) RETURNS void
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
COMMENT ON FUNCTION add_dirty IS 'Marks a place in some networks (null: in all that ever had a grid) and wakes the worker when the transaction ends.';

CREATE FUNCTION mark_building() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    many integer;
    touched bigint[];
    spots geometry;
BEGIN
    IF current_setting('atlas.deriving', true) = 'on' THEN
        RETURN NULL; -- the areas changed, and marked all there is
    ELSIF TG_OP = 'TRUNCATE' THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT count(*) INTO many FROM (SELECT FROM new_rows LIMIT 2001) AS n;
        IF many BETWEEN 1 AND 2000 THEN
            SELECT array_agg(id) INTO touched FROM new_rows;
            SELECT ST_Collect(s) INTO spots FROM (
                SELECT unnest(ARRAY[ST_Extent(geom)::geometry, ST_Extent(footprint)::geometry]) AS s FROM new_rows
                GROUP BY area_id, CASE WHEN many <= 50 THEN id END) AS b;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO many FROM (SELECT FROM old_rows LIMIT 2001) AS n;
        IF many BETWEEN 1 AND 2000 THEN
            SELECT array_agg(id) INTO touched FROM old_rows;
            SELECT ST_Collect(s) INTO spots FROM (
                SELECT unnest(ARRAY[ST_Extent(geom)::geometry, ST_Extent(footprint)::geometry]) AS s FROM old_rows
                GROUP BY area_id, CASE WHEN many <= 50 THEN id END) AS b;
        END IF;
    ELSE
        SELECT count(*), array_agg(id) INTO many, touched FROM (
            SELECT n.id FROM new_rows n JOIN old_rows o USING (id)
            WHERE n.geom::bytea IS DISTINCT FROM o.geom::bytea OR n.footprint::bytea IS DISTINCT FROM o.footprint::bytea
                OR (n.code, n.kind, n.households, n.people, n.declared_grid, n.built_on, n.demolished_on, n.area_id)
                    IS DISTINCT FROM (o.code, o.kind, o.households, o.people, o.declared_grid, o.built_on, o.demolished_on, o.area_id)
            LIMIT 2001
        ) AS c;
        IF many BETWEEN 1 AND 2000 THEN
            SELECT ST_Collect(s) INTO spots FROM (
                SELECT unnest(ARRAY[ST_Extent(geom)::geometry, ST_Extent(footprint)::geometry]) AS s
                FROM (SELECT id, area_id, geom, footprint, 1 AS side FROM new_rows
                    UNION ALL SELECT id, area_id, geom, footprint, 2 FROM old_rows) AS r
                WHERE id = ANY (touched) GROUP BY area_id, side, CASE WHEN many <= 50 THEN id END) AS b;
        END IF;
    END IF;
    IF many > 2000 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
    ELSIF many > 0 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, false, touched, NULL, ST_SetSRID(spots, 4490));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_building() IS 'Marks where buildings are and were: one by one, by the box of each area, or (more than 2 000 in one statement) everything.';

CREATE FUNCTION mark_incident() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    many integer;
    touched bigint[];
    spots geometry;
BEGIN
    IF current_setting('atlas.deriving', true) = 'on' THEN
        RETURN NULL;
    ELSIF TG_OP = 'TRUNCATE' THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT count(*) INTO many FROM (SELECT FROM new_rows LIMIT 2001) AS n;
        IF many BETWEEN 1 AND 2000 THEN
            SELECT array_agg(id), ST_Collect(geom) INTO touched, spots FROM new_rows;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO many FROM (SELECT FROM old_rows LIMIT 2001) AS n;
        IF many BETWEEN 1 AND 2000 THEN
            SELECT array_agg(id), ST_Collect(geom) INTO touched, spots FROM old_rows;
        END IF;
    ELSE
        SELECT count(*), array_agg(id) INTO many, touched FROM (
            SELECT n.id FROM new_rows n JOIN old_rows o USING (id)
            WHERE n.geom::bytea IS DISTINCT FROM o.geom::bytea
                OR (n.code, n.kind, n.category, n.channel, n.state, n.occurred_at, n.closed_at, n.grid_id, n.area_id)
                    IS DISTINCT FROM (o.code, o.kind, o.category, o.channel, o.state, o.occurred_at, o.closed_at, o.grid_id, o.area_id)
            LIMIT 2001
        ) AS c;
        IF many BETWEEN 1 AND 2000 THEN
            SELECT ST_Collect(geom) INTO spots FROM (SELECT id, geom FROM new_rows UNION ALL SELECT id, geom FROM old_rows) AS r
            WHERE id = ANY (touched);
        END IF;
    END IF;
    IF many > 2000 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
    ELSIF many > 0 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, false, touched, NULL, spots, CASE TG_OP WHEN 'INSERT' THEN many WHEN 'DELETE' THEN -many ELSE 0 END);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_incident() IS 'Marks where incidents are and were, or (more than 2 000 in one statement) everything.';

CREATE FUNCTION mark_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    net bigint;
    keys text[];
    many integer;
    lands geometry[];
    swaps text[];
    appeared text[]; -- codes that came into force or went out of it
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM add_dirty('grid', ARRAY(SELECT id FROM network), true, NULL, NULL, NULL);
        RETURN NULL;
    END IF;
    -- What was in force is marked with its land, what is now with its code alone.
    IF TG_OP = 'INSERT' THEN
        SELECT count(*) INTO many FROM (SELECT FROM new_rows WHERE valid_to IS NULL LIMIT 101) AS n;
        FOR net, keys IN SELECT network_id, array_agg(code) FROM new_rows WHERE valid_to IS NULL GROUP BY network_id LOOP
            PERFORM add_dirty('grid', ARRAY[net], many > 100, NULL, CASE WHEN many <= 100 THEN ARRAY[k] END, NULL)
            FROM unnest(CASE WHEN many > 100 THEN keys[1:1] ELSE keys END) AS k;
            appeared := appeared || keys;
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*) INTO many FROM (SELECT FROM old_rows WHERE valid_to IS NULL LIMIT 101) AS n;
        FOR net, keys IN SELECT network_id, array_agg(code) FROM old_rows WHERE valid_to IS NULL GROUP BY network_id LOOP
            PERFORM add_dirty('grid', ARRAY[net], many > 100, NULL, CASE WHEN many <= 100 THEN ARRAY[o.code] END, CASE WHEN many <= 100 THEN o.geom END)
            FROM old_rows o WHERE o.network_id = net AND o.valid_to IS NULL AND (many <= 100 OR o.code = keys[1]);
            appeared := appeared || keys;
        END LOOP;
    ELSE
        FOR net, keys, lands, swaps IN
            SELECT s.network_id, array_agg(s.code), array_agg(s.geom),
                array_agg(s.code) FILTER (WHERE (o.valid_to IS NULL, o.code, o.network_id) IS DISTINCT FROM (n.valid_to IS NULL, n.code, n.network_id))
            FROM old_rows o JOIN new_rows n USING (id)
            CROSS JOIN LATERAL (
                SELECT o.network_id, o.code, o.geom WHERE o.valid_to IS NULL
                UNION ALL
                SELECT n.network_id, n.code, NULL WHERE n.valid_to IS NULL
                    AND (o.valid_to IS NOT NULL OR o.code <> n.code OR o.network_id <> n.network_id)
            ) AS s
            WHERE n.geom::bytea IS DISTINCT FROM o.geom::bytea
                OR (n.network_id, n.code, n.name, n.kind, n.area_id, n.area_code, n.version, n.valid_from, n.valid_to)
                    IS DISTINCT FROM (o.network_id, o.code, o.name, o.kind, o.area_id, o.area_code, o.version, o.valid_from, o.valid_to)
            GROUP BY s.network_id
        LOOP
            IF cardinality(keys) > 100 THEN
                PERFORM add_dirty('grid', ARRAY[net], true, NULL, NULL, NULL);
            ELSE
                PERFORM add_dirty('grid', ARRAY[net], false, NULL, ARRAY[c.code], c.land) FROM unnest(keys, lands) AS c (code, land);
            END IF;
            appeared := appeared || swaps;
        END LOOP;
    END IF;
    -- What a building's file names counts as a grid of another network while only that one has it.
    IF cardinality(appeared) > 0 THEN
        IF cardinality(appeared) > 100 THEN
            PERFORM add_dirty('declared', ARRAY(SELECT id FROM network), true, NULL, NULL, NULL)
            WHERE EXISTS (SELECT FROM building WHERE declared_grid <> '') AND (SELECT count(*) FROM network w WHERE EXISTS (SELECT FROM grid g WHERE g.network_id = w.id)) > 1;
        ELSE
            PERFORM add_dirty('declared', ARRAY[w.id], false, NULL, ARRAY[k], NULL)
            FROM unnest(appeared) AS k CROSS JOIN network w
            WHERE EXISTS (SELECT FROM building b WHERE b.declared_grid <> '' AND b.declared_grid = k)
                AND NOT EXISTS (SELECT FROM grid g WHERE g.network_id = w.id AND g.code = k AND g.valid_to IS NULL)
                AND EXISTS (SELECT FROM grid g WHERE g.network_id = w.id);
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_grid() IS 'Marks grids that came into force, went out of it or changed, each with its land as it was; more than 100 of a network in one statement: everything.';

CREATE FUNCTION mark_area() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        PERFORM add_dirty('area', NULL, true, NULL, NULL, NULL);
    ELSIF EXISTS (SELECT FROM old_rows o JOIN new_rows n USING (id) WHERE o.level <> n.level)
            OR (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 21) AS n) > 20 THEN
        PERFORM add_dirty('area', NULL, true, NULL, NULL, NULL)
        WHERE EXISTS (SELECT FROM old_rows o JOIN new_rows n USING (id)
            WHERE (o.code, o.name, o.level, o.parent_id) IS DISTINCT FROM (n.code, n.name, n.level, n.parent_id)
                OR o.geom::bytea <> n.geom::bytea);
    ELSE
        PERFORM add_dirty('area', NULL, false, ARRAY[n.id], ARRAY[o.code, n.code],
            CASE WHEN o.geom::bytea = n.geom::bytea THEN n.geom ELSE ST_Collect(o.geom, n.geom) END)
        FROM old_rows o JOIN new_rows n USING (id)
        WHERE (o.code, o.name, o.parent_id) IS DISTINCT FROM (n.code, n.name, n.parent_id) OR o.geom::bytea <> n.geom::bytea;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_area() IS 'Marks areas that were redrawn or renamed with their land before and after; new and deleted ones mark everything.';

CREATE FUNCTION mark_shape() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    many integer;
    spots geometry;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*), ST_Collect(ST_Envelope(geom)) INTO many, spots FROM (SELECT geom FROM new_rows LIMIT 201) AS r;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), ST_Collect(ST_Envelope(geom)) INTO many, spots FROM (SELECT geom FROM old_rows LIMIT 201) AS r;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT count(*), ST_Collect(ST_Collect(ST_Envelope(o), ST_Envelope(n))) INTO many, spots FROM (
            SELECT o.geom AS o, n.geom AS n FROM old_rows o JOIN new_rows n USING (id)
            WHERE to_jsonb(o) - '{source_id,source_row,updated_at}'::text[] IS DISTINCT FROM to_jsonb(n) - '{source_id,source_row,updated_at}'::text[]
            LIMIT 201
        ) AS r;
    END IF;
    IF TG_OP = 'TRUNCATE' OR many > 200 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
    ELSIF many > 0 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, false, NULL, NULL, spots);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_shape() IS 'Marks the boxes of excluded land, roads and water before and after; more than 200 in one statement: everything.';

CREATE FUNCTION mark_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    many integer;
    touched bigint[];
    keys text[];
    houses bigint[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'post' AND TG_OP = 'INSERT' THEN
        SELECT count(*), array_agg(DISTINCT person_id), array_agg(DISTINCT grid_code) FILTER (WHERE grid_code IS NOT NULL), array_agg(building_id) FILTER (WHERE building_id IS NOT NULL)
        INTO many, touched, keys, houses FROM new_rows;
    ELSIF TG_TABLE_NAME = 'post' AND TG_OP = 'DELETE' THEN
        SELECT count(*), array_agg(DISTINCT person_id), array_agg(DISTINCT grid_code) FILTER (WHERE grid_code IS NOT NULL), array_agg(building_id) FILTER (WHERE building_id IS NOT NULL)
        INTO many, touched, keys, houses FROM old_rows;
    ELSIF TG_TABLE_NAME = 'post' THEN
        SELECT count(*), array_agg(DISTINCT person_id), array_agg(DISTINCT grid_code) FILTER (WHERE grid_code IS NOT NULL), array_agg(building_id) FILTER (WHERE building_id IS NOT NULL)
        INTO many, touched, keys, houses
        FROM (SELECT person_id, grid_code, building_id FROM old_rows UNION ALL SELECT person_id, grid_code, building_id FROM new_rows) AS r;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT count(*), array_agg(DISTINCT person_id) INTO many, touched FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), array_agg(DISTINCT person_id) INTO many, touched FROM old_rows;
    ELSE
        SELECT count(*), array_agg(DISTINCT person_id) INTO many, touched
        FROM (SELECT person_id FROM old_rows UNION ALL SELECT person_id FROM new_rows) AS r;
    END IF;
    IF many > 200 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, true, NULL, NULL, NULL);
    ELSIF many > 0 THEN
        PERFORM add_dirty(TG_TABLE_NAME, NULL, false, touched, keys, (SELECT ST_Collect(b.geom) FROM building b WHERE b.id = ANY (houses)));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_person() IS 'Marks whose posts or leave changed and where the posts were and are; more than 200 in one statement: everything.';

CREATE FUNCTION mark_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    many integer;
    touched bigint[];
    keys text[];
    houses bigint[];
    spots geometry;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        many := 501;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT count(*), array_agg(DISTINCT grid_code) FILTER (WHERE grid_code IS NOT NULL), array_agg(DISTINCT building_id) FILTER (WHERE building_id IS NOT NULL), ST_Collect(geom)
        INTO many, keys, houses, spots FROM (SELECT * FROM new_rows WHERE counts LIMIT 501) AS r;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), array_agg(DISTINCT grid_code) FILTER (WHERE grid_code IS NOT NULL), array_agg(DISTINCT building_id) FILTER (WHERE building_id IS NOT NULL), ST_Collect(geom)
        INTO many, keys, houses, spots FROM (SELECT * FROM old_rows WHERE counts LIMIT 501) AS r;
    ELSE
        SELECT count(*), array_agg(DISTINCT grid_code) FILTER (WHERE grid_code IS NOT NULL), array_agg(DISTINCT building_id) FILTER (WHERE building_id IS NOT NULL), ST_Collect(geom)
        INTO many, keys, houses, spots
        FROM (SELECT * FROM (SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows) AS r2 WHERE counts LIMIT 501) AS r;
    END IF;
    IF many > 500 THEN
        PERFORM add_dirty('visit', NULL, true, NULL, NULL, NULL);
    ELSIF many > 0 THEN
        PERFORM add_dirty('visit', NULL, false, houses, keys, ST_Collect(spots, (SELECT ST_Collect(b.geom) FROM building b WHERE b.id = ANY (houses))));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_visit() IS 'Marks grids, buildings and places of visits that count or counted; more than 500 in one statement: everything.';

CREATE FUNCTION mark_track() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    many integer;
    spots geometry;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        many := 51;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT count(*), ST_Collect(counted) INTO many, spots FROM (SELECT counted FROM new_rows WHERE counted IS NOT NULL LIMIT 51) AS r;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), ST_Collect(counted) INTO many, spots FROM (SELECT counted FROM old_rows WHERE counted IS NOT NULL LIMIT 51) AS r;
    ELSE
        SELECT count(*), ST_Collect(counted) INTO many, spots
        FROM (SELECT counted FROM (SELECT counted FROM old_rows UNION ALL SELECT counted FROM new_rows) AS r2 WHERE counted IS NOT NULL LIMIT 51) AS r;
    END IF;
    IF many > 50 THEN
        PERFORM add_dirty('track', NULL, true, NULL, NULL, NULL);
    ELSIF many > 0 THEN
        PERFORM add_dirty('track', NULL, false, NULL, NULL, ST_Force2D(spots));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_track() IS 'Marks the lines of tracks that count or counted; more than 50 in one statement: everything.';

CREATE FUNCTION mark_duty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    PERFORM add_dirty('duty', NULL, false, NULL, NULL, NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_duty() IS 'Marks that the list of duties changed.';

CREATE FUNCTION mark_network() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    PERFORM add_dirty('network', ARRAY[n.id], true, NULL, NULL, NULL) FROM old_rows o JOIN new_rows n USING (id)
    WHERE to_jsonb(o) - '{name,updated_at}'::text[] IS DISTINCT FROM to_jsonb(n) - '{name,updated_at}'::text[];
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mark_network() IS 'Marks everything when the limits of a network change.';

DO $$
DECLARE t text; f text;
BEGIN
    FOR t, f IN VALUES ('building', 'mark_building'), ('incident', 'mark_incident'), ('grid', 'mark_grid'), ('area', 'mark_area'),
        ('excluded', 'mark_shape'), ('road', 'mark_shape'), ('water', 'mark_shape'), ('post', 'mark_person'), ('leave', 'mark_person'),
        ('visit', 'mark_visit'), ('track', 'mark_track')
    LOOP
        EXECUTE format('CREATE TRIGGER dirty_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
        EXECUTE format('CREATE TRIGGER dirty_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
        EXECUTE format('CREATE TRIGGER dirty_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
        EXECUTE format('CREATE TRIGGER dirty_truncated AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION %I()', t, f);
    END LOOP;
    CREATE TRIGGER dirty_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON duty FOR EACH STATEMENT EXECUTE FUNCTION mark_duty();
    CREATE TRIGGER dirty_updated AFTER UPDATE ON network REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mark_network();
    FOREACH f IN ARRAY ARRAY['mark_building()', 'mark_incident()', 'mark_grid()', 'mark_area()', 'mark_shape()', 'mark_person()', 'mark_visit()',
        'mark_track()', 'mark_duty()', 'mark_network()', 'add_dirty(text, bigint[], boolean, bigint[], text[], geometry, integer)']
    LOOP
        EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f || ' FROM PUBLIC';
    END LOOP;
END $$;

-- what a local run looks things up by --------------------------------------------------------------

CREATE INDEX building_declared ON building (declared_grid) WHERE declared_grid <> '';
CREATE INDEX grid_area_code ON grid (area_code) WHERE valid_to IS NULL;
CREATE INDEX grid_geom_in_force ON grid USING gist (geom) WHERE valid_to IS NULL;

-- who may -----------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['dirty', 'run'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

SELECT guard('run', 'select', '{leader,planner,supervisor,worker,department,admin}', 'all');
