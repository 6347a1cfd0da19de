-- The records of the foundation: areas, networks, grids, buildings, incidents, basemap,
-- imports, audit, history, findings. Runs as atlas_owner with search_path = atlas, public.

-- who asks ------------------------------------------------------------------------------

CREATE FUNCTION actor_name() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('atlas.actor', true), '');
COMMENT ON FUNCTION actor_name() IS 'Name of whoever this transaction works for; null when nobody was named.';

CREATE FUNCTION actor_is_known() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('atlas.actor', true), '') <> '';
COMMENT ON FUNCTION actor_is_known() IS 'Whether this transaction named an actor; without one no row is seen.';

-- where records come from -----------------------------------------------------------------

CREATE TABLE import (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset text NOT NULL,
    network_code text,
    filename text NOT NULL,
    layer text,
    sha256 text NOT NULL,
    fingerprint text NOT NULL,
    encoding text,
    datum text NOT NULL,
    datum_evidence jsonb NOT NULL DEFAULT '{}',
    mapping jsonb NOT NULL DEFAULT '{}',
    rows_read integer NOT NULL,
    rows_inserted integer NOT NULL DEFAULT 0,
    rows_updated integer NOT NULL DEFAULT 0,
    rows_unchanged integer NOT NULL DEFAULT 0,
    rows_repaired integer NOT NULL DEFAULT 0,
    rows_rejected integer NOT NULL DEFAULT 0,
    rejects_file text,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE import IS 'One row per file taken in: what it was, how it was read, what became of its rows.';
COMMENT ON COLUMN import.sha256 IS 'Hash of the file; with the same fingerprint a second import changes nothing.';
COMMENT ON COLUMN import.fingerprint IS 'Hash of dataset, network, layer, mapping, datum and encoding.';
COMMENT ON COLUMN import.datum_evidence IS 'Why this datum: confirmed by whom, or the residuals against stored buildings.';
CREATE INDEX import_sha256 ON import (sha256, fingerprint);

-- areas -------------------------------------------------------------------------------------

CREATE TABLE area (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    level text NOT NULL CHECK (level IN ('district', 'street', 'community')),
    parent_id bigint REFERENCES area,
    geom geometry(MultiPolygon, 4490) NOT NULL,
    geom_web geometry(MultiPolygon, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE area IS 'Districts, streets and communities: the land that has to be covered.';
COMMENT ON COLUMN area.level IS 'district, street or community; the land to cover is that of the lowest level present.';
CREATE INDEX area_geom ON area USING gist (geom);
CREATE INDEX area_geom_web ON area USING gist (geom_web);
CREATE INDEX area_parent ON area (parent_id);

-- networks and grids ----------------------------------------------------------------------

CREATE TABLE network (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL,
    households_min integer,
    households_max integer,
    border_distance_m double precision NOT NULL DEFAULT 2,
    sliver_width_m double precision NOT NULL DEFAULT 1,
    code_pattern text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (households_min <= households_max)
);
COMMENT ON TABLE network IS 'Nets (网) that lie side by side over the same land: comprehensive, city-management, police, party.';
COMMENT ON COLUMN network.border_distance_m IS 'A building point nearer than this to a border counts as on it, metres.';
COMMENT ON COLUMN network.sliver_width_m IS 'Gaps and overlaps narrower than this (twice the largest inscribed circle) are slivers, metres.';

CREATE TABLE grid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint NOT NULL REFERENCES network,
    code text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    name text NOT NULL,
    kind text NOT NULL DEFAULT 'general',
    area_id bigint REFERENCES area,
    area_code text,
    geom geometry(MultiPolygon, 4490) NOT NULL,
    geom_web geometry(MultiPolygon, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    valid_from date NOT NULL DEFAULT CURRENT_DATE,
    valid_to date,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (network_id, code, version),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE grid IS 'Grids (网格) of each network, every version of them; valid_to is null for the one in force.';
COMMENT ON COLUMN grid.area_id IS 'Community the grid belongs to: declared by its file, else the one that holds most of it.';
CREATE UNIQUE INDEX grid_in_force ON grid (network_id, code) WHERE valid_to IS NULL;
CREATE INDEX grid_geom ON grid USING gist (geom);
CREATE INDEX grid_geom_web ON grid USING gist (geom_web);
CREATE INDEX grid_area ON grid (area_id);

CREATE TABLE excluded (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    reason text NOT NULL,
    geom geometry(MultiPolygon, 4490) NOT NULL,
    geom_web geometry(MultiPolygon, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE excluded IS 'Allowed gaps: land no grid has to claim (lakes, railways), each with its reason.';
CREATE INDEX excluded_geom ON excluded USING gist (geom);

-- buildings ---------------------------------------------------------------------------------

CREATE TABLE building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'other',
    households integer NOT NULL DEFAULT 0 CHECK (households >= 0),
    people integer NOT NULL DEFAULT 0 CHECK (people >= 0),
    floors integer,
    built_on date,
    declared_grid text,
    geom geometry(Point, 4490),
    footprint geometry(MultiPolygon, 4490),
    geom_web geometry(Point, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE building IS 'Buildings with their households; geom is null when the record has no usable place.';
COMMENT ON COLUMN building.geom IS 'Representative point: inside the footprint where there is one.';
COMMENT ON COLUMN building.declared_grid IS 'Grid code the source file names for it, to be compared with where it lies.';
CREATE INDEX building_geom ON building USING gist (geom);
CREATE INDEX building_geom_web ON building USING gist (geom_web);
CREATE INDEX building_source ON building (source_id);

CREATE TABLE assignment (
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    building_id bigint NOT NULL REFERENCES building ON DELETE CASCADE,
    grid_id bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    PRIMARY KEY (network_id, building_id)
);
COMMENT ON TABLE assignment IS 'Which grid in force covers each building, per network; written by the coverage refresh, lowest grid id where contested.';
CREATE INDEX assignment_grid ON assignment (grid_id);

-- incidents ---------------------------------------------------------------------------------

CREATE TABLE incident (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    kind text NOT NULL DEFAULT 'matter',
    category text NOT NULL DEFAULT '',
    title text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT 'other',
    state text NOT NULL DEFAULT '',
    occurred_at timestamptz,
    closed_at timestamptz,
    grid_id bigint REFERENCES grid,
    geom geometry(Point, 4490),
    geom_web geometry(Point, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE incident IS 'Matters, hazards, disputes and enforcement cases; geom is null when the record has no usable place.';
COMMENT ON COLUMN incident.grid_id IS 'Grid of its day in the first comprehensive network, frozen when the record came in.';
CREATE INDEX incident_geom ON incident USING gist (geom);
CREATE INDEX incident_geom_web ON incident USING gist (geom_web);
CREATE INDEX incident_occurred ON incident (occurred_at);

-- basemap -----------------------------------------------------------------------------------

CREATE TABLE road (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    geom geometry(MultiLineString, 4490) NOT NULL,
    geom_web geometry(MultiLineString, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE road IS 'Roads for the basemap; kind is one of motorway, trunk, primary, secondary, tertiary, residential, path or the source''s word.';
CREATE INDEX road_geom ON road USING gist (geom);
CREATE INDEX road_geom_web ON road USING gist (geom_web);

CREATE TABLE water (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    geom geometry(MultiPolygon, 4490) NOT NULL,
    geom_web geometry(MultiPolygon, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE water IS 'Rivers and lakes for the basemap.';
CREATE INDEX water_geom ON water USING gist (geom);
CREATE INDEX water_geom_web ON water USING gist (geom_web);

CREATE TABLE green (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT '',
    geom geometry(MultiPolygon, 4490) NOT NULL,
    geom_web geometry(MultiPolygon, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    source_id bigint REFERENCES import,
    source_row integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE green IS 'Parks and green land for the basemap.';
CREATE INDEX green_geom ON green USING gist (geom);
CREATE INDEX green_geom_web ON green USING gist (geom_web);

-- findings ----------------------------------------------------------------------------------

CREATE TABLE finding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint REFERENCES network ON DELETE CASCADE,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('block', 'blind', 'warn', 'hint')),
    geom geometry(Geometry, 4490),
    geom_web geometry(Geometry, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    area_m2 double precision NOT NULL DEFAULT 0,
    buildings integer NOT NULL DEFAULT 0,
    households integer NOT NULL DEFAULT 0,
    measure jsonb NOT NULL DEFAULT '{}',
    grid_codes text[] NOT NULL DEFAULT '{}',
    building_codes text[] NOT NULL DEFAULT '{}',
    subjects jsonb NOT NULL DEFAULT '{}',
    remedies jsonb NOT NULL DEFAULT '[]',
    area_id bigint REFERENCES area ON DELETE SET NULL,
    found_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE finding IS 'What the rules found at the last refresh; the ledger that keeps their memory comes with the coverage ledger.';
COMMENT ON COLUMN finding.measure IS 'Numbers of the finding: area_m2, width_m, buildings, households and those of its rule.';
COMMENT ON COLUMN finding.remedies IS 'One to three computed repairs, best first: [{"action", "grid", …}].';
CREATE INDEX finding_geom ON finding USING gist (geom);
CREATE INDEX finding_geom_web ON finding USING gist (geom_web);
CREATE INDEX finding_list ON finding (network_id, severity, households DESC);

CREATE TABLE refresh (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    summary jsonb NOT NULL,
    actor text NOT NULL DEFAULT actor_name(),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE refresh IS 'One row per coverage refresh of a network, with the headline figures it gave.';

-- versions of what is drawn -----------------------------------------------------------------

CREATE TABLE layer_version (
    relation text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 1
);
COMMENT ON TABLE layer_version IS 'A number per table that grows with every change: the ETag of tiles cut from it.';

CREATE FUNCTION bump_layer_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atlas.layer_version (relation) VALUES (TG_TABLE_NAME)
    ON CONFLICT (relation) DO UPDATE SET version = layer_version.version + 1;
    RETURN NULL;
END $$;

-- audit and history -------------------------------------------------------------------------

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL DEFAULT actor_name(),
    action text NOT NULL,
    relation text NOT NULL,
    subject text NOT NULL DEFAULT '',
    before jsonb,
    after jsonb,
    reason text
);
COMMENT ON TABLE audit IS 'Every write: who, when, what, before and after. Append-only by privilege.';

CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relation text NOT NULL,
    row_id bigint NOT NULL,
    operation text NOT NULL CHECK (operation IN ('update', 'delete')),
    actor text NOT NULL DEFAULT actor_name(),
    at timestamptz NOT NULL DEFAULT now(),
    row jsonb NOT NULL
);
COMMENT ON TABLE history IS 'Rows as they were before an update or delete.';
CREATE INDEX history_row ON history (relation, row_id);

CREATE FUNCTION keep_history() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO atlas.history (relation, row_id, operation, row)
    SELECT TG_TABLE_NAME, o.id, lower(TG_OP), to_jsonb(o) - 'geom_web'
    FROM old_rows o;
    RETURN NULL;
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['area', 'network', 'grid', 'building', 'incident', 'road', 'water', 'green', 'excluded'] LOOP
        EXECUTE format('CREATE TRIGGER keep_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
        EXECUTE format('CREATE TRIGGER keep_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['area', 'grid', 'building', 'incident', 'road', 'water', 'green', 'excluded', 'finding', 'assignment'] LOOP
        EXECUTE format('CREATE TRIGGER bump_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version()', t);
    END LOOP;
END $$;

-- rights ------------------------------------------------------------------------------------
-- atlas_owner sees all rows by a constant policy (jobs and migrations); atlas_app and
-- atlas_read see rows only in a transaction that named its actor. The scope by role and
-- area comes with the access rules.

DO $$
DECLARE t text;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'atlas' AND tablename <> 'migration' LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY app_known ON atlas.%I TO atlas_app USING ((SELECT atlas.actor_is_known())) WITH CHECK ((SELECT atlas.actor_is_known()))', t);
        EXECUTE format('GRANT SELECT ON atlas.%I TO atlas_app', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['area', 'network', 'grid', 'excluded', 'building', 'road', 'water', 'green', 'finding'] LOOP
        EXECUTE format('CREATE POLICY read_known ON atlas.%I TO atlas_read USING (true)', t);
        EXECUTE format('GRANT SELECT ON atlas.%I TO atlas_read', t);
    END LOOP;
END $$;

GRANT INSERT, UPDATE ON area, network, grid, excluded, building, incident, road, water, green, layer_version TO atlas_app;
GRANT INSERT ON import, audit, history TO atlas_app;
GRANT INSERT, UPDATE, DELETE ON finding, assignment, refresh TO atlas_app;
GRANT USAGE ON SCHEMA atlas TO atlas_app, atlas_read;
