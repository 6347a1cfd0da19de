-- Who covers a grid: people, their posts and leave, the organisation over them, visits and
-- tracks, and the list of duties. Runs as atlas_owner with search_path = atlas, public.

-- people and posts --------------------------------------------------------------------------

CREATE TABLE person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    phone text NOT NULL DEFAULT '',
    account_id bigint UNIQUE REFERENCES account ON DELETE SET NULL,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE person IS 'Grid workers, grid chiefs, building heads: personal data, and nothing else.';
COMMENT ON COLUMN person.code IS 'Staff number; the phone where the office has none.';
COMMENT ON COLUMN person.account_id IS 'Account the person signs in with.';

CREATE TABLE organisation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    level text NOT NULL CHECK (level IN ('street', 'community', 'estate', 'building', 'household')),
    parent_id bigint REFERENCES organisation,
    area_id bigint REFERENCES area ON DELETE SET NULL,
    area_code text,
    network_id bigint REFERENCES network ON DELETE CASCADE,
    grid_code text,
    building_id bigint REFERENCES building ON DELETE SET NULL,
    building_code text,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE organisation IS 'The chain 街道党工委 (street) — 社区党总支 (community) — 小区党支部 (estate) — 楼栋长 (building) — 党员中心户 (household), each tied to an area, a grid or a building.';
CREATE INDEX organisation_parent ON organisation (parent_id);
CREATE INDEX organisation_building ON organisation (building_id);
CREATE INDEX organisation_grid ON organisation (network_id, grid_code);

CREATE TABLE post (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    person_id bigint NOT NULL REFERENCES person,
    duty text NOT NULL CHECK (duty IN ('chief', 'worker', 'part_time', 'guide', 'building_head', 'household_head', 'secretary')),
    network_id bigint REFERENCES network ON DELETE CASCADE,
    grid_code text,
    building_id bigint REFERENCES building ON DELETE CASCADE,
    building_code text,
    organisation_id bigint REFERENCES organisation,
    area_id bigint REFERENCES area ON DELETE SET NULL,
    valid_from date NOT NULL DEFAULT today(),
    valid_to date,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_to IS NULL OR valid_to >= valid_from),
    CHECK ((network_id IS NULL) = (grid_code IS NULL))
);
COMMENT ON TABLE post IS 'Who holds which post where, from a day to a day (the last day counts): 网格长 (chief), 专职 (worker), 兼职 (part_time), 指导员 (guide), 楼栋长 (building_head), 党员中心户 (household_head), 书记 (secretary).';
COMMENT ON COLUMN post.area_id IS 'Area of its grid, building or organisation; kept by trigger: the scope is read from it.';
CREATE INDEX post_grid ON post (network_id, grid_code);
CREATE INDEX post_person ON post (person_id);
CREATE INDEX post_building ON post (building_id);

CREATE TABLE leave (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    begins date NOT NULL,
    ends date,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (person_id, begins),
    CHECK (ends IS NULL OR ends >= begins)
);
COMMENT ON TABLE leave IS 'Absence of a person from a day to a day (the last day counts; no end: until further notice). The cause is nobody''s business here and is not stored.';

-- visits and tracks --------------------------------------------------------------------------

CREATE TABLE visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    person_id bigint REFERENCES person,
    network_id bigint REFERENCES network ON DELETE CASCADE,
    grid_code text,
    building_id bigint REFERENCES building ON DELETE SET NULL,
    building_code text,
    area_id bigint REFERENCES area ON DELETE SET NULL,
    visited_at timestamptz NOT NULL,
    channel text NOT NULL DEFAULT 'import' CHECK (channel IN ('import', 'form')),
    note text NOT NULL DEFAULT '',
    geom geometry(Point, 4490),
    geom_web geometry(Point, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    doubts text[] NOT NULL DEFAULT '{}',
    answer text,
    answered_by text,
    dismissed boolean NOT NULL DEFAULT false,
    counts boolean GENERATED ALWAYS AS (NOT dismissed AND (doubts = '{}' OR answer IS NOT NULL)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE visit IS 'A worker was at a grid or a building. What cannot be true (outside its grid, impossible speed, no place, in the future) is a question in doubts and does not count until somebody answers it.';
COMMENT ON COLUMN visit.doubts IS 'Questions: outside (its grid, or away from its building), speed, no_place, future, same_minute; kept by question_visits().';
COMMENT ON COLUMN visit.answer IS 'What somebody found out about the questions; taken back when new ones arise.';
COMMENT ON COLUMN visit.dismissed IS 'Answered: this was no visit (a wrong record). It does not count and raises no question about others.';
COMMENT ON COLUMN visit.counts IS 'Whether it counts as coverage: nothing in doubt, or the doubt was answered.';
CREATE INDEX visit_geom ON visit USING gist (geom);
CREATE INDEX visit_grid ON visit (network_id, grid_code, visited_at DESC);
CREATE INDEX visit_building ON visit (building_id, visited_at DESC);
CREATE INDEX visit_person ON visit (person_id, visited_at, id);
CREATE INDEX visit_waiting ON visit (visited_at) WHERE doubts <> '{}' AND answer IS NULL;
CREATE INDEX visit_at ON visit (visited_at);

CREATE TABLE track (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    person_id bigint REFERENCES person,
    area_id bigint REFERENCES area ON DELETE SET NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    geom geometry(LineStringM, 4490) NOT NULL,
    counted geometry(MultiLineString, 4490),
    doubts text[] NOT NULL DEFAULT '{}',
    source_id bigint REFERENCES import,
    source_row integer,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (ended_at >= started_at)
);
COMMENT ON TABLE track IS 'Where a worker walked, one row per track; M is seconds since 1970.';
COMMENT ON COLUMN track.counted IS 'The parts that count as coverage: those walked at a possible speed, without gaps; null when none does. Kept by count_tracks().';
COMMENT ON COLUMN track.doubts IS 'speed: parts at an impossible speed were left out; future: recorded ahead of time, nothing counts; even: the file gave no times between start and end.';
CREATE INDEX track_counted ON track USING gist (counted);
CREATE INDEX track_person ON track (person_id, started_at);
CREATE INDEX track_started ON track (started_at);
CREATE INDEX track_ended ON track (ended_at);

-- duties ------------------------------------------------------------------------------------------

CREATE TABLE duty (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    listing text NOT NULL DEFAULT 'street' CHECK (listing IN ('street', 'shared', 'department')),
    kind text NOT NULL DEFAULT 'matter' CHECK (kind IN ('matter', 'hazard', 'dispute', 'enforcement')),
    category text NOT NULL,
    area_code text,
    lead text NOT NULL DEFAULT '',
    assists text NOT NULL DEFAULT '',
    basis text NOT NULL DEFAULT '',
    valid_from date NOT NULL DEFAULT today(),
    valid_to date,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE duty IS 'Items of the duty list (权责清单): which unit leads for a category, in the whole street or in one area, from a day to a day. Casework gives it versions.';
CREATE INDEX duty_category ON duty (kind, category);

ALTER TABLE building ADD COLUMN demolished_on date;
COMMENT ON COLUMN building.demolished_on IS 'Day it was taken down, where it was: the grid around it has to be looked at again.';

-- links and areas ----------------------------------------------------------------------------------
-- Codes become ids when both sides are there, whichever comes first; the area follows from the grid,
-- the building, the organisation, the place, in this order, whatever the writer says.

CREATE FUNCTION grid_version(network bigint, code text, day date) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ -- keeps its plan: a year of visits asks a hundred thousand times
BEGIN
    RETURN (SELECT g.id FROM atlas.grid g WHERE g.network_id = grid_version.network AND g.code = grid_version.code
        ORDER BY (g.valid_from <= day AND (g.valid_to IS NULL OR day < g.valid_to)) DESC,
            CASE WHEN g.valid_from > day THEN g.valid_from - day ELSE day - coalesce(g.valid_to, day) END, g.version DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION grid_version(bigint, text, date) IS 'Version of a grid in force on a day, else the one nearest to it.';

CREATE FUNCTION grid_at(network bigint, place geometry, day date) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT g.code FROM atlas.grid g
        WHERE g.network_id = grid_at.network AND g.geom && place AND ST_Covers(g.geom, place) AND (g.valid_to IS NULL OR day < g.valid_to)
        ORDER BY (g.valid_from <= day) DESC, g.valid_to NULLS FIRST, g.id LIMIT 1);
END $$;
COMMENT ON FUNCTION grid_at(bigint, geometry, date) IS 'Code of the grid that held a point on a day; where versions begin later, the one in force stands in.';

CREATE FUNCTION first_network() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT n.id FROM network n WHERE n.kind = 'comprehensive' ORDER BY n.id LIMIT 1
$$;
COMMENT ON FUNCTION first_network() IS 'Network a visit belongs to that names none.';

CREATE FUNCTION settle_organisation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE held bigint := grid_version(NEW.network_id, NEW.grid_code, today());
BEGIN
    NEW.building_id := CASE WHEN NEW.building_code IS NULL THEN NEW.building_id ELSE (SELECT b.id FROM building b WHERE b.code = NEW.building_code) END;
    NEW.area_id := coalesce((SELECT a.id FROM area a WHERE a.code = NEW.area_code),
        (SELECT g.area_id FROM grid g WHERE g.id = held),
        (SELECT b.area_id FROM building b WHERE b.id = NEW.building_id));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION settle_organisation() IS 'Ties an organisation to its building and its area.';

CREATE FUNCTION settle_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE held bigint := grid_version(NEW.network_id, NEW.grid_code, today());
BEGIN
    NEW.building_id := CASE WHEN NEW.building_code IS NULL THEN NEW.building_id ELSE (SELECT b.id FROM building b WHERE b.code = NEW.building_code) END;
    NEW.area_id := coalesce((SELECT g.area_id FROM grid g WHERE g.id = held),
        (SELECT b.area_id FROM building b WHERE b.id = NEW.building_id),
        (SELECT o.area_id FROM organisation o WHERE o.id = NEW.organisation_id));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION settle_post() IS 'Ties a post to its building and its area.';

CREATE FUNCTION settle_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    day date := (NEW.visited_at AT TIME ZONE 'Asia/Shanghai')::date;
    held bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.visited_at, NEW.person_id, NEW.grid_code, NEW.building_code, NEW.geom::bytea)
            IS DISTINCT FROM (OLD.visited_at, OLD.person_id, OLD.grid_code, OLD.building_code, OLD.geom::bytea) THEN
        NEW.answer := NULL; -- it was given about another time and place
        NEW.answered_by := NULL;
        NEW.dismissed := false;
    END IF;
    NEW.building_id := CASE WHEN NEW.building_code IS NULL THEN NEW.building_id ELSE (SELECT b.id FROM building b WHERE b.code = NEW.building_code) END;
    IF NEW.grid_code IS NULL THEN
        NEW.network_id := coalesce(NEW.network_id, first_network());
        NEW.grid_code := grid_at(NEW.network_id, coalesce(NEW.geom, (SELECT b.geom FROM building b WHERE b.id = NEW.building_id)), day);
    END IF;
    held := grid_version(NEW.network_id, NEW.grid_code, day); -- asked once, not once for every grid
    NEW.area_id := coalesce((SELECT g.area_id FROM grid g WHERE g.id = held),
        (SELECT b.area_id FROM building b WHERE b.id = NEW.building_id), area_at(NEW.geom));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION settle_visit() IS 'Ties a visit to its building, its grid (where none is named: the one its point or its building lies in) and its area.';

CREATE FUNCTION settle_track() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    NEW.area_id := area_at(ST_Force2D(ST_PointN(NEW.geom, (ST_NumPoints(NEW.geom) + 1) / 2)));
    RETURN NEW;
END $$;
COMMENT ON FUNCTION settle_track() IS 'Gives a track the area its middle point lies in.';

CREATE FUNCTION plain_visit() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.doubts := '{}';
    NEW.answer := NULL;
    NEW.answered_by := NULL;
    NEW.dismissed := false;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION plain_visit() IS 'Nobody answers questions in the same breath as he records a visit.';

CREATE TRIGGER settle_new BEFORE INSERT OR UPDATE OF area_code, network_id, grid_code, building_id, building_code, area_id ON organisation
    FOR EACH ROW EXECUTE FUNCTION settle_organisation();
CREATE TRIGGER settle_new BEFORE INSERT OR UPDATE OF network_id, grid_code, building_id, building_code, organisation_id, area_id ON post
    FOR EACH ROW EXECUTE FUNCTION settle_post();
CREATE TRIGGER settle_new BEFORE INSERT OR UPDATE OF person_id, network_id, grid_code, building_id, building_code, visited_at, geom, area_id ON visit
    FOR EACH ROW EXECUTE FUNCTION settle_visit();
CREATE TRIGGER plain_new BEFORE INSERT ON visit FOR EACH ROW WHEN (current_user <> 'atlas_owner') EXECUTE FUNCTION plain_visit();
CREATE TRIGGER settle_new BEFORE INSERT OR UPDATE OF geom, area_id ON track FOR EACH ROW EXECUTE FUNCTION settle_track();

-- What came later, or moved: only rows that differ are touched, and no history is kept of what is derived.

CREATE FUNCTION follow_grids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE was text := coalesce(current_setting('atlas.deriving', true), '');
BEGIN
    PERFORM set_config('atlas.deriving', 'on', true);
    UPDATE post p SET area_id = g.area_id
    FROM (SELECT network_id, code, grid_version(network_id, code, today()) AS version FROM (SELECT DISTINCT network_id, code FROM new_rows) AS c OFFSET 0) AS n
    JOIN grid g ON g.id = n.version
    WHERE p.network_id = n.network_id AND p.grid_code = n.code AND g.area_id IS NOT NULL AND p.area_id IS DISTINCT FROM g.area_id;
    UPDATE organisation p SET area_id = g.area_id
    FROM (SELECT network_id, code, grid_version(network_id, code, today()) AS version FROM (SELECT DISTINCT network_id, code FROM new_rows) AS c OFFSET 0) AS n
    JOIN grid g ON g.id = n.version
    WHERE p.network_id = n.network_id AND p.grid_code = n.code AND g.area_id IS NOT NULL AND p.area_id IS DISTINCT FROM g.area_id;
    -- A visit keeps the version of its day: only a code's first version, or a version whose area was found, can be news.
    IF TG_OP = 'INSERT' THEN
        UPDATE visit v SET area_id = n.area_id FROM new_rows n
        WHERE v.network_id = n.network_id AND v.grid_code = n.code AND n.version = 1 AND n.area_id IS NOT NULL AND v.area_id IS DISTINCT FROM n.area_id;
    ELSE
        UPDATE visit v SET area_id = n.area_id FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.area_id IS DISTINCT FROM n.area_id
        WHERE v.network_id = n.network_id AND v.grid_code = n.code AND n.area_id IS NOT NULL AND v.area_id IS DISTINCT FROM n.area_id
            AND n.id = grid_version(v.network_id, v.grid_code, (v.visited_at AT TIME ZONE 'Asia/Shanghai')::date);
    END IF;
    PERFORM set_config('atlas.deriving', was, true);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_grids() IS 'After grids changed: posts, organisations and visits of them get their area.';

CREATE FUNCTION follow_buildings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE was text := coalesce(current_setting('atlas.deriving', true), '');
BEGIN
    PERFORM set_config('atlas.deriving', 'on', true);
    IF TG_OP = 'INSERT' THEN
        UPDATE post p SET building_id = n.id FROM new_rows n WHERE p.building_code = n.code AND p.building_id IS NULL;
        UPDATE organisation p SET building_id = n.id FROM new_rows n WHERE p.building_code = n.code AND p.building_id IS NULL;
        UPDATE visit p SET building_id = n.id FROM new_rows n WHERE p.building_code = n.code AND p.building_id IS NULL;
    ELSE
        UPDATE post p SET area_id = n.area_id FROM new_rows n
        WHERE p.building_id = n.id AND p.grid_code IS NULL AND n.area_id IS NOT NULL AND p.area_id IS DISTINCT FROM n.area_id;
        UPDATE organisation p SET area_id = n.area_id FROM new_rows n
        WHERE p.building_id = n.id AND p.grid_code IS NULL AND p.area_code IS NULL AND n.area_id IS NOT NULL AND p.area_id IS DISTINCT FROM n.area_id;
        UPDATE visit p SET area_id = n.area_id FROM new_rows n
        WHERE p.building_id = n.id AND p.grid_code IS NULL AND n.area_id IS NOT NULL AND p.area_id IS DISTINCT FROM n.area_id;
    END IF;
    PERFORM set_config('atlas.deriving', was, true);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_buildings() IS 'After buildings came or moved: what names them is tied to them and gets their area.';

CREATE FUNCTION follow_organisations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE was text := coalesce(current_setting('atlas.deriving', true), '');
BEGIN
    PERFORM set_config('atlas.deriving', 'on', true);
    UPDATE post p SET area_id = n.area_id FROM new_rows n
    WHERE p.organisation_id = n.id AND p.grid_code IS NULL AND p.building_id IS NULL AND p.area_id IS DISTINCT FROM n.area_id;
    PERFORM set_config('atlas.deriving', was, true);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_organisations() IS 'After organisations changed: posts that stand in them alone get their area.';

CREATE FUNCTION follow_areas() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE was text := coalesce(current_setting('atlas.deriving', true), '');
BEGIN
    PERFORM set_config('atlas.deriving', 'on', true);
    UPDATE organisation o SET area_id = a.id FROM area a WHERE a.code = o.area_code AND o.area_id IS DISTINCT FROM a.id;
    UPDATE visit v SET area_id = area_at(v.geom)
    WHERE v.grid_code IS NULL AND v.building_id IS NULL AND v.geom IS NOT NULL AND v.area_id IS DISTINCT FROM area_at(v.geom);
    UPDATE track t SET area_id = found.area_id
    FROM (SELECT t.id, area_at(ST_Force2D(ST_PointN(t.geom, (ST_NumPoints(t.geom) + 1) / 2))) AS area_id FROM track t) AS found
    WHERE found.id = t.id AND found.area_id IS DISTINCT FROM t.area_id;
    PERFORM set_config('atlas.deriving', was, true);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_areas() IS 'After areas changed: organisations, visits and tracks get the area they lie in now.';

CREATE TRIGGER follow_inserted AFTER INSERT ON grid REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_grids();
CREATE TRIGGER follow_updated AFTER UPDATE ON grid REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_grids();
CREATE TRIGGER follow_inserted AFTER INSERT ON building REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_buildings();
CREATE TRIGGER follow_updated AFTER UPDATE ON building REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_buildings();
CREATE TRIGGER follow_updated AFTER UPDATE ON organisation REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_organisations();
CREATE TRIGGER settle_staff_areas AFTER INSERT OR DELETE OR UPDATE OF geom, level, code ON area FOR EACH STATEMENT EXECUTE FUNCTION follow_areas();
CREATE INDEX post_unlinked ON post (building_code) WHERE building_id IS NULL AND building_code IS NOT NULL;
CREATE INDEX organisation_unlinked ON organisation (building_code) WHERE building_id IS NULL AND building_code IS NOT NULL;
CREATE INDEX visit_unlinked ON visit (building_code) WHERE building_id IS NULL AND building_code IS NOT NULL;
CREATE INDEX post_organisation ON post (organisation_id);

-- questions ----------------------------------------------------------------------------------------

CREATE FUNCTION too_fast(a geometry, a_at timestamptz, b geometry, b_at timestamptz, limits jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ST_DistanceSphere(a, b) - (limits ->> 'visit_slack_m')::double precision
    > (abs(extract(epoch FROM b_at - a_at)) + (limits ->> 'visit_slack_s')::double precision) * (limits ->> 'visit_kmh')::double precision / 3.6;
COMMENT ON FUNCTION too_fast(geometry, timestamptz, geometry, timestamptz, jsonb) IS 'Whether nobody gets from one place to the other in the time between, the error of both positions and clocks allowed for.';

CREATE FUNCTION visit_neighbours(touched bigint[]) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT n.id), '{}') FROM unnest(touched) AS t (id) JOIN visit v ON v.id = t.id CROSS JOIN LATERAL (
        SELECT v.id
        UNION ALL (SELECT p.id FROM visit p WHERE p.person_id = v.person_id AND (p.visited_at, p.id) < (v.visited_at, v.id)
            AND p.geom IS NOT NULL AND NOT p.dismissed ORDER BY p.visited_at DESC, p.id DESC LIMIT 2)
        UNION ALL (SELECT p.id FROM visit p WHERE p.person_id = v.person_id AND (p.visited_at, p.id) > (v.visited_at, v.id)
            AND p.geom IS NOT NULL AND NOT p.dismissed ORDER BY p.visited_at, p.id LIMIT 2)
        UNION ALL SELECT p.id FROM visit p WHERE p.person_id = v.person_id
            AND p.visited_at >= date_trunc('minute', v.visited_at) AND p.visited_at < date_trunc('minute', v.visited_at) + interval '1 minute'
    ) n
$$;
COMMENT ON FUNCTION visit_neighbours(bigint[]) IS 'These visits and those whose questions depend on them: two before and two after of the same person, and those of the same minute.';

CREATE FUNCTION question_visits(touched bigint[], limits jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    was text := coalesce(current_setting('atlas.deriving', true), '');
    changed bigint;
BEGIN
    CREATE TEMP TABLE asked ON COMMIT DROP AS
    WITH named AS (
        SELECT DISTINCT t.id FROM unnest(touched) AS t (id)
    ), span AS (
        SELECT v.person_id, min(v.visited_at) AS first, max(v.visited_at) AS last FROM named n JOIN visit v ON v.id = n.id
        WHERE v.person_id IS NOT NULL GROUP BY v.person_id
    ), wide AS (
        -- four more on each side: those judged are two away at most, and each looks at two
        SELECT s.person_id,
            date_trunc('minute', coalesce((SELECT min(q.visited_at) FROM (SELECT p.visited_at FROM visit p
                WHERE p.person_id = s.person_id AND p.visited_at < s.first AND p.geom IS NOT NULL AND NOT p.dismissed
                ORDER BY p.visited_at DESC LIMIT 4) q), s.first)) AS first,
            date_trunc('minute', coalesce((SELECT max(q.visited_at) FROM (SELECT p.visited_at FROM visit p
                WHERE p.person_id = s.person_id AND p.visited_at > s.last AND p.geom IS NOT NULL AND NOT p.dismissed
                ORDER BY p.visited_at LIMIT 4) q), s.last)) + interval '1 minute' AS last
        FROM span s
    ), around AS (
        SELECT v.id, v.person_id, v.visited_at, v.geom, n.id IS NOT NULL AS hit
        FROM wide w JOIN visit v ON v.person_id = w.person_id AND v.visited_at >= w.first AND v.visited_at < w.last
        LEFT JOIN named n ON n.id = v.id WHERE NOT v.dismissed
    ), placed AS (
        SELECT id, lag(geom) OVER w AS p1, lag(visited_at) OVER w AS p1_at, lag(geom, 2) OVER w AS p2, lag(visited_at, 2) OVER w AS p2_at,
            lead(geom) OVER w AS n1, lead(visited_at) OVER w AS n1_at, lead(geom, 2) OVER w AS n2, lead(visited_at, 2) OVER w AS n2_at,
            bool_or(hit) OVER (PARTITION BY person_id ORDER BY visited_at, id ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) AS near
        FROM around WHERE geom IS NOT NULL WINDOW w AS (PARTITION BY person_id ORDER BY visited_at, id)
    ), minute AS (
        SELECT id, count(*) OVER w AS visits, bool_or(hit) OVER w AS near
        FROM around WINDOW w AS (PARTITION BY person_id, date_trunc('minute', visited_at))
    ), judged AS (
        SELECT id FROM named UNION SELECT id FROM placed WHERE near UNION SELECT id FROM minute WHERE near
    )
    SELECT v.id, v.doubts AS before, array_remove(ARRAY[
        CASE WHEN v.geom IS NULL AND v.building_id IS NULL THEN 'no_place' END,
        CASE WHEN v.visited_at > v.created_at + make_interval(secs => (limits ->> 'future_s')::double precision) THEN 'future' END,
        CASE WHEN v.geom IS NOT NULL AND (
            (g.id IS NOT NULL AND NOT ST_Covers(g.geom, v.geom)
                AND NOT ST_DWithin(g.geom::geography, v.geom::geography, (limits ->> 'grid_slack_m')::double precision, false))
            OR NOT ST_DWithin(coalesce(b.footprint, b.geom)::geography, v.geom::geography, (limits ->> 'building_slack_m')::double precision, false)
        ) THEN 'outside' END,
        CASE WHEN (too_fast(p.p1, p.p1_at, v.geom, v.visited_at, limits)
                -- the one before is the stray: too fast on both its sides, and this one fits what came before it
                AND NOT coalesce(too_fast(p.p2, p.p2_at, p.p1, p.p1_at, limits)
                    AND NOT too_fast(p.p2, p.p2_at, v.geom, v.visited_at, limits), false))
            OR (too_fast(v.geom, v.visited_at, p.n1, p.n1_at, limits)
                AND NOT coalesce(too_fast(p.n1, p.n1_at, p.n2, p.n2_at, limits)
                    AND NOT too_fast(v.geom, v.visited_at, p.n2, p.n2_at, limits), false))
        THEN 'speed' END,
        CASE WHEN m.visits >= (limits ->> 'same_minute_visits')::double precision THEN 'same_minute' END
    ], NULL) AS doubts
    FROM judged j
    JOIN visit v ON v.id = j.id AND NOT v.dismissed
    LEFT JOIN placed p ON p.id = v.id
    LEFT JOIN minute m ON m.id = v.id
    CROSS JOIN LATERAL (SELECT grid_version(v.network_id, v.grid_code, (v.visited_at AT TIME ZONE 'Asia/Shanghai')::date) AS id OFFSET 0) w
    LEFT JOIN grid g ON g.id = w.id
    LEFT JOIN building b ON b.id = v.building_id;
    -- An answer was given to the questions of then: with a new one it is taken back (and stays in the history).
    UPDATE visit v SET doubts = a.doubts, answer = NULL, answered_by = NULL, dismissed = false, updated_at = now()
    FROM asked a WHERE a.id = v.id AND v.answer IS NOT NULL AND NOT a.doubts <@ a.before;
    PERFORM set_config('atlas.deriving', 'on', true);
    UPDATE visit v SET doubts = a.doubts FROM asked a WHERE a.id = v.id AND v.doubts IS DISTINCT FROM a.doubts;
    PERFORM set_config('atlas.deriving', was, true);
    SELECT count(*) INTO changed FROM asked a WHERE a.doubts IS DISTINCT FROM a.before;
    DROP TABLE asked;
    RETURN changed;
END $$;
COMMENT ON FUNCTION question_visits(bigint[], jsonb) IS 'Asks anew what cannot be true of these visits and of those beside them; how many changed. Limits: data/reference/presence.csv.';

CREATE FUNCTION count_tracks(touched bigint[], limits jsonb) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    WITH point AS (
        SELECT t.id, d.path[1] AS n, d.geom AS p, lag(d.geom) OVER (PARTITION BY t.id ORDER BY d.path[1]) AS q
        FROM unnest(touched) AS u (id) JOIN track t ON t.id = u.id CROSS JOIN LATERAL ST_DumpPoints(t.geom) AS d
    ), step AS (
        SELECT id, n, p, q, ST_M(p) - ST_M(q) AS seconds, ST_DistanceSphere(p, q) AS metres FROM point
    ), judged AS (
        SELECT id, n, p, q, seconds,
            metres - (limits ->> 'track_slack_m')::double precision > greatest(seconds, 0) * (limits ->> 'track_kmh')::double precision / 3.6 AS fast,
            seconds > (limits ->> 'track_gap_s')::double precision OR seconds < 0 OR metres > (limits ->> 'track_gap_m')::double precision AS gap
        FROM step
    ), run AS (
        SELECT id, n, p, fast, gap, sum(CASE WHEN q IS NULL OR fast OR gap THEN 1 ELSE 0 END) OVER (PARTITION BY id ORDER BY n) AS run FROM judged
    ), line AS (
        SELECT id, ST_MakeLine(ST_Force2D(p) ORDER BY n) AS geom FROM run GROUP BY id, run HAVING count(*) > 1
    ), counted AS (
        SELECT id, ST_Multi(ST_Collect(geom)) AS geom FROM line GROUP BY id
    ), hurried AS (
        SELECT DISTINCT id FROM run WHERE fast
    ), doubt AS (
        SELECT t.id, array_remove(ARRAY[
            CASE WHEN h.id IS NOT NULL THEN 'speed' END,
            CASE WHEN t.ended_at > t.created_at + make_interval(secs => (limits ->> 'future_s')::double precision) THEN 'future' END,
            CASE WHEN 'even' = ANY (t.doubts) THEN 'even' END], NULL) AS doubts
        FROM unnest(touched) AS u (id) JOIN track t ON t.id = u.id LEFT JOIN hurried h ON h.id = t.id
    ), written AS (
        UPDATE track t SET counted = CASE WHEN NOT 'future' = ANY (d.doubts) THEN c.geom END, doubts = d.doubts
        FROM doubt d LEFT JOIN counted c ON c.id = d.id WHERE t.id = d.id RETURNING 1
    )
    SELECT count(*) FROM written
$$;
COMMENT ON FUNCTION count_tracks(bigint[], jsonb) IS 'Splits tracks at gaps and at impossible speed and keeps the parts that count; how many. Limits: data/reference/presence.csv.';

CREATE FUNCTION forget_tracks(days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    DELETE FROM track t WHERE t.ended_at < now() - make_interval(days => days);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION forget_tracks(integer) IS 'Retention: deletes tracks that ended so many days ago; how many. Jobs only.';
REVOKE EXECUTE ON FUNCTION forget_tracks(integer) FROM PUBLIC;

CREATE FUNCTION sees_names() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN has_role('{leader,supervisor,worker}') OR account_id() IS NULL;
COMMENT ON FUNCTION sees_names() IS 'Whether the actor reads the names of grid staff: a planner draws grids and need not know them, the wall and departments see no person at all.';

CREATE FUNCTION shown_name(name text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN sees_names() THEN name ELSE mask_name(name) END;
COMMENT ON FUNCTION shown_name(text) IS 'Name of a person of the staff as the actor may read it.';

-- who may -----------------------------------------------------------------------------------------

CREATE FUNCTION scope_persons() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT p.person_id), '{}') FROM post p
    WHERE p.area_id = ANY (atlas.scope_areas()) OR p.network_id || '/' || p.grid_code = ANY (atlas.scope_keys())
$$;
COMMENT ON FUNCTION scope_persons() IS 'Persons who hold or held a post in the actor''s scope.';

CREATE FUNCTION own_persons() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(p.id), '{}') FROM person p WHERE p.account_id = atlas.account_id()
$$;
COMMENT ON FUNCTION own_persons() IS 'The person the actor''s account stands for.';

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

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['person', 'organisation', 'post', 'leave', 'visit', 'track', 'duty'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE TRIGGER bump_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version()', t);
        CONTINUE WHEN t = 'track'; -- where somebody walked is kept as long as the office said, and not a second time
        EXECUTE format('CREATE TRIGGER keep_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
        EXECUTE format('CREATE TRIGGER keep_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
    END LOOP;
END $$;

SELECT guard('person', 'select', '{leader,planner,supervisor}', 'person');
SELECT guard('person', 'select', '{worker}', 'own');
SELECT guard('person', 'insert', '{supervisor}', 'office');
SELECT guard('person', 'update', '{supervisor}', 'person');
SELECT guard('organisation', 'select', '{leader,planner,supervisor,worker}', 'all');
SELECT guard('organisation', o, '{supervisor}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('post', 'select', '{leader,planner,supervisor,worker}', 'place');
SELECT guard('post', o, '{supervisor}', 'place') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('leave', 'select', '{leader,supervisor}', 'staff');
SELECT guard('leave', 'select', '{worker}', 'deed');
SELECT guard('leave', o, '{supervisor}', 'staff') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('visit', 'select', '{leader,supervisor}', 'place');
SELECT guard('visit', 'select', '{worker}', 'deed');
SELECT guard('visit', o, '{supervisor}', 'place') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('visit', 'insert', '{worker}', 'deed');
-- What is in doubt, and what counts, is nobody's to write but the questions' own function.
REVOKE UPDATE ON visit FROM atlas_app;
GRANT UPDATE (code, person_id, network_id, grid_code, building_id, building_code, visited_at, note, geom, answer, answered_by, dismissed, source_id, source_row, updated_at) ON visit TO atlas_app;
SELECT guard('track', 'select', '{supervisor}', 'staff');
SELECT guard('track', 'select', '{worker}', 'deed');
SELECT guard('track', 'insert', '{supervisor}', 'staff');
SELECT guard('track', 'insert', '{worker}', 'deed');
SELECT guard('duty', 'select', '{leader,planner,supervisor,worker,department}', 'all');
SELECT guard('duty', o, '{supervisor}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
