-- name: tables
-- What the rules read, empty, for files; {kind} is TEMP or nothing. Of the footprints only
-- those that may meet a border are brought in; has_footprint says which buildings have one.
CREATE {kind} TABLE cov_area (id bigint, code text, name text, level text, geom geometry);
CREATE {kind} TABLE cov_grid (id bigint, code text, name text, kind text, area_id bigint, area_code text, geom geometry);
CREATE {kind} TABLE cov_building (id bigint, households integer, has_footprint boolean, geom geometry, footprint geometry);
CREATE {kind} TABLE cov_declared (building_id bigint, grid_code text);
CREATE {kind} TABLE cov_incident (id bigint, geom geometry);
CREATE {kind} TABLE cov_excluded (id bigint, reason text, geom geometry);
ALTER TABLE cov_area ALTER COLUMN geom SET STORAGE EXTERNAL;
ALTER TABLE cov_grid ALTER COLUMN geom SET STORAGE EXTERNAL;

-- name: indexes
-- Indexes and statistics of the filled tables.
CREATE INDEX ON cov_area USING gist (geom);
CREATE INDEX ON cov_grid USING gist (geom);
CREATE INDEX ON cov_grid (id);
CREATE INDEX ON cov_building USING gist (geom);
CREATE INDEX ON cov_incident USING gist (geom);
CREATE INDEX ON cov_excluded USING gist (geom);
ANALYZE cov_area;
ANALYZE cov_grid;
ANALYZE cov_building (id, geom);
ANALYZE cov_declared;
ANALYZE cov_incident;
ANALYZE cov_excluded;

-- name: land
-- Without areas the land is what the grids enclose: their union with its holes filled.
INSERT INTO cov_area (id, code, name, geom)
SELECT 1, '', '', ST_Union(ST_MakePolygon(ST_ExteriorRing(d.geom)))
FROM (SELECT ST_Union(geom) AS geom FROM cov_grid) AS g
CROSS JOIN LATERAL ST_Dump(g.geom) AS d
HAVING count(*) > 0;

-- name: office
-- The stored office, one network, what is in force: views over the tables of schema atlas.
CREATE TEMP VIEW cov_area AS
SELECT id, code, name, level, geom FROM atlas.area
WHERE level = (
    SELECT level FROM atlas.area
    ORDER BY array_position(ARRAY['community', 'street', 'district'], level) LIMIT 1
);
CREATE TEMP VIEW cov_division AS -- each area with itself (depth 0) and all that is above it
WITH RECURSIVE up AS (
    SELECT c.id AS area_id, a.id, a.code, a.level, a.parent_id, 0 AS depth FROM cov_area AS c JOIN atlas.area AS a USING (id)
    UNION ALL
    SELECT u.area_id, a.id, a.code, a.level, a.parent_id, u.depth + 1 FROM up AS u JOIN atlas.area AS a ON a.id = u.parent_id
    WHERE u.depth < 5
)
SELECT area_id, id, code, level, depth FROM up;
CREATE TEMP VIEW cov_grid AS
SELECT g.id, g.code, g.name, g.kind, g.area_id, g.area_code, g.version, g.valid_from, ( -- the day its code was first drawn
        SELECT f.valid_from FROM atlas.grid AS f WHERE f.network_id = g.network_id AND f.code = g.code ORDER BY f.version LIMIT 1
    ) AS since, g.geom
FROM atlas.grid AS g
WHERE g.network_id = {network} AND g.valid_to IS NULL;
CREATE TEMP VIEW cov_building AS
SELECT id, code, kind, households, people, floors, built_on, demolished_on, footprint IS NOT NULL AS has_footprint, geom, footprint FROM atlas.building;
CREATE TEMP VIEW cov_declared AS
SELECT id AS building_id, declared_grid AS grid_code FROM atlas.building
WHERE declared_grid <> '' AND declared_grid NOT IN ( -- grids only other networks have say nothing about this one
    SELECT code FROM atlas.grid WHERE valid_to IS NULL GROUP BY code HAVING bool_and(network_id <> {network})
);
CREATE TEMP VIEW cov_incident AS
SELECT i.id, i.code, i.kind, i.category, i.channel, i.state, i.occurred_at, i.closed_at, g.code AS grid_code, i.geom
FROM atlas.incident AS i
LEFT JOIN atlas.grid AS g ON g.id = i.grid_id AND g.network_id = {network};
CREATE TEMP VIEW cov_excluded AS SELECT id, name, reason, geom FROM atlas.excluded;
CREATE TEMP VIEW cov_post AS
SELECT id, person_id, duty, grid_code, building_id, area_id, valid_from, valid_to FROM atlas.post
WHERE network_id = {network} OR network_id IS NULL;
CREATE TEMP VIEW cov_leave AS SELECT person_id, begins, ends FROM atlas.leave;
CREATE TEMP VIEW cov_visit AS
SELECT id, person_id, CASE WHEN network_id = {network} THEN grid_code END AS grid_code, building_id, visited_at, geom FROM atlas.visit
WHERE counts;
CREATE TEMP VIEW cov_track AS
SELECT id, person_id, started_at, ended_at, counted AS geom FROM atlas.track
WHERE counted IS NOT NULL;
CREATE TEMP VIEW cov_duty AS
SELECT d.code, d.listing, d.kind, c.category, d.area_code, d.lead, d.assists, d.valid_from, d.valid_to
FROM atlas.duty AS d CROSS JOIN LATERAL unnest(d.categories) AS c (category)
WHERE d.valid_to IS NULL OR d.valid_to >= d.valid_from;
CREATE TEMP VIEW cov_road AS SELECT id, kind, name, geom FROM atlas.road;
CREATE TEMP VIEW cov_water AS SELECT id, kind, name, geom FROM atlas.water;

-- name: standing
-- The same views where a day is judged that is past: what came after it and up to now counts as of
-- it, what ended since ended the day before. Days ahead of now stay what they are.
CREATE OR REPLACE TEMP VIEW cov_incident AS
SELECT i.id, i.code, i.kind, i.category, i.channel, i.state,
    CASE WHEN i.occurred_at > {at} AND i.occurred_at <= {now} THEN {at} ELSE i.occurred_at END AS occurred_at,
    CASE WHEN i.closed_at > {at} AND i.closed_at <= {now} THEN {at} ELSE i.closed_at END AS closed_at,
    g.code AS grid_code, i.geom
FROM atlas.incident AS i
LEFT JOIN atlas.grid AS g ON g.id = i.grid_id AND g.network_id = {network};
CREATE OR REPLACE TEMP VIEW cov_post AS
SELECT id, person_id, duty, grid_code, building_id, area_id,
    CASE WHEN valid_from > d.day AND valid_from <= d.today THEN d.day ELSE valid_from END AS valid_from,
    CASE WHEN valid_to > d.day AND valid_to < d.today THEN d.day - 1 ELSE valid_to END AS valid_to
FROM atlas.post
CROSS JOIN (SELECT ({at} AT TIME ZONE 'Asia/Shanghai')::date AS day, ({now} AT TIME ZONE 'Asia/Shanghai')::date AS today) AS d
WHERE network_id = {network} OR network_id IS NULL;
CREATE OR REPLACE TEMP VIEW cov_leave AS
SELECT person_id,
    CASE WHEN begins > d.day AND begins <= d.today THEN d.day ELSE begins END AS begins,
    CASE WHEN ends > d.day AND ends < d.today THEN d.day - 1 ELSE ends END AS ends
FROM atlas.leave
CROSS JOIN (SELECT ({at} AT TIME ZONE 'Asia/Shanghai')::date AS day, ({now} AT TIME ZONE 'Asia/Shanghai')::date AS today) AS d;
CREATE OR REPLACE TEMP VIEW cov_visit AS
SELECT id, person_id, CASE WHEN network_id = {network} THEN grid_code END AS grid_code, building_id,
    CASE WHEN visited_at > {at} AND visited_at <= {now} THEN {at} ELSE visited_at END AS visited_at, geom
FROM atlas.visit WHERE counts;
CREATE OR REPLACE TEMP VIEW cov_track AS
SELECT id, person_id,
    CASE WHEN started_at > {at} AND started_at <= {now} THEN {at} ELSE started_at END AS started_at,
    CASE WHEN ended_at > {at} AND ended_at <= {now} THEN {at} ELSE ended_at END AS ended_at, counted AS geom
FROM atlas.track WHERE counted IS NOT NULL;
CREATE OR REPLACE TEMP VIEW cov_duty AS
SELECT i.code, i.listing, i.kind, c.category, i.area_code, i.lead, i.assists,
    CASE WHEN valid_from > d.day AND valid_from <= d.today THEN d.day ELSE valid_from END AS valid_from,
    CASE WHEN valid_to > d.day AND valid_to < d.today THEN d.day - 1 ELSE valid_to END AS valid_to
FROM atlas.duty AS i
CROSS JOIN LATERAL unnest(i.categories) AS c (category)
CROSS JOIN (SELECT ({at} AT TIME ZONE 'Asia/Shanghai')::date AS day, ({now} AT TIME ZONE 'Asia/Shanghai')::date AS today) AS d
WHERE i.valid_to IS NULL OR i.valid_to >= i.valid_from;

-- name: moment
-- The moment a run judges: rules never ask the clock.
CREATE {kind} TABLE cov_now AS SELECT {at}::timestamptz AS at, ({at}::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS day;

-- name: policy
-- The visit policy of the network, empty: filled from data/reference/visits.csv.
CREATE {kind} TABLE cov_policy (grid_kind text, object text, interval_days integer, grace_days integer);

-- name: forget
-- Takes the views of the stored office away again, so that a pooled connection is as it was.
DROP VIEW IF EXISTS
    pg_temp.cov_division, pg_temp.cov_area, pg_temp.cov_grid, pg_temp.cov_building, pg_temp.cov_declared, pg_temp.cov_incident, pg_temp.cov_excluded,
    pg_temp.cov_post, pg_temp.cov_leave, pg_temp.cov_visit, pg_temp.cov_track, pg_temp.cov_duty, pg_temp.cov_road, pg_temp.cov_water;
