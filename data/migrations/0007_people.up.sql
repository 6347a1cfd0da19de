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
    counts boolean GENERATED ALWAYS AS (doubts = '{}' OR answer IS NOT NULL) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE visit IS 'A worker was at a grid or a building. What cannot be true (outside its grid, impossible speed, no place, in the future) is a question in doubts and does not count until somebody answers it.';
COMMENT ON COLUMN visit.counts IS 'Whether it counts as coverage: nothing in doubt, or the doubt was answered.';
CREATE INDEX visit_geom ON visit USING gist (geom);
CREATE INDEX visit_grid ON visit (network_id, grid_code, visited_at DESC);
CREATE INDEX visit_building ON visit (building_id, visited_at DESC);
CREATE INDEX visit_person ON visit (person_id, visited_at);
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
COMMENT ON COLUMN track.counted IS 'The parts that count as coverage: those walked at a possible speed; null when none does.';
CREATE INDEX track_counted ON track USING gist (counted);
CREATE INDEX track_person ON track (person_id, started_at);
CREATE INDEX track_started ON track (started_at);

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
        WHEN 'entry' THEN 'ledger_id IN (SELECT l.id FROM atlas.ledger l)'
        WHEN 'found' THEN 'finding_id IN (SELECT f.id FROM atlas.finding f)'
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
        EXECUTE format('CREATE TRIGGER keep_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
        EXECUTE format('CREATE TRIGGER keep_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
    END LOOP;
END $$;

SELECT guard('person', 'select', '{leader,planner,supervisor}', 'person');
SELECT guard('person', 'select', '{worker}', 'own');
SELECT guard('person', o, '{supervisor}', 'person') FROM unnest(ARRAY['insert', 'update']) AS o;
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
SELECT guard('track', 'select', '{supervisor}', 'staff');
SELECT guard('track', 'select', '{worker}', 'deed');
SELECT guard('track', 'insert', '{supervisor}', 'staff');
SELECT guard('track', 'insert', '{worker}', 'deed');
SELECT guard('duty', 'select', '{leader,planner,supervisor,worker,department}', 'all');
SELECT guard('duty', o, '{supervisor}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
