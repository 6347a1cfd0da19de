-- A local run: what is judged (the areas touched by the marks), and what lies in, touches or is
-- near them. The views off_* are the office's (scratch.sql); the tables of a session are made
-- once, filled by each run and emptied with its transaction.

-- name: tables
-- Tables of a session. Borders lie in the rows, not beside them: they are read again and again.
CREATE TEMP TABLE off_now (at timestamptz, now timestamptz, network bigint, margin double precision, line double precision) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE mark (id bigint, kind text, everything boolean, ids bigint[], codes text[], more integer, place geometry) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE change (code text, was geometry, now_id bigint, spot geometry) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE spot (kind text, geom geometry, reach double precision, box geometry) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE seed (geom geometry, wide boolean, lines geometry) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE focus (
    areas bigint[], changed text[], changed_ids bigint[], single text[], single_ids bigint[], buildings bigint[], incidents bigint[],
    people bigint[], homes bigint[], extras bigint[]
) ON COMMIT DELETE ROWS;

-- name: plain
-- Keeps shapes as they are in what a session works with: compressing them costs more than judging them.
DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT a.attrelid::regclass AS name, a.attname FROM pg_attribute AS a JOIN pg_class AS t ON t.oid = a.attrelid
        WHERE t.relnamespace = pg_my_temp_schema() AND t.relkind = 'r' AND a.atttypid = 'public.geometry'::regtype AND a.attnum > 0
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE EXTERNAL', c.name, c.attname);
    END LOOP;
END $$

-- name: take
-- Takes the marks of the network; with the transaction they are gone.
WITH taken AS (DELETE FROM atlas.dirty WHERE network_id = %(network)s AND kind <> 'statistics' RETURNING *)
INSERT INTO pg_temp.mark SELECT id, kind, everything, ids, codes, more, place FROM taken

-- name: marks
-- (kinds, whether everything is to be judged, how many marks, how many incidents more)
SELECT coalesce(array_agg(DISTINCT kind), '{}'), coalesce(bool_or(everything), false), count(*),
    coalesce(sum(more) FILTER (WHERE kind = 'incident'), 0) FROM pg_temp.mark

-- name: begin
-- The moment, the network, how far a border is felt, in degrees, and a line that strips lie along, in degrees of latitude.
INSERT INTO pg_temp.off_now
SELECT atlas.judged_at(n.id, %(at)s), %(at)s, n.id,
    (n.border_distance_m + 1) / 110500 / 0.25, -- wide enough up to 75 degrees of latitude
    %(line)s * 1.05 / 110500
FROM atlas.network AS n WHERE n.id = %(network)s

-- name: change
-- Grids that changed: their land at the last run (the oldest mark), the version in force, and where the two differ.
INSERT INTO pg_temp.change
SELECT o.code, o.place, g.id, CASE
    WHEN o.place IS NULL OR g.id IS NULL THEN coalesce(o.place, g.geom)
    WHEN o.place::bytea <> g.geom::bytea THEN ST_SymDifference(o.place, g.geom) END
FROM (
    SELECT DISTINCT ON (m.codes[1]) m.codes[1] AS code, m.place FROM pg_temp.mark AS m WHERE m.kind = 'grid' ORDER BY m.codes[1], m.id
) AS o
LEFT JOIN atlas.grid AS g ON g.network_id = %(network)s AND g.code = o.code AND g.valid_to IS NULL

-- name: spots
-- Where something changed: points, boxes, lines, the land that changed hands.
WITH spot AS (
    SELECT m.kind, d.geom FROM pg_temp.mark AS m CROSS JOIN LATERAL ST_Dump(m.place) AS d WHERE m.kind NOT IN ('grid', 'area')
    UNION ALL
    SELECT 'area', d.geom FROM pg_temp.mark AS m CROSS JOIN LATERAL ST_Dump(m.place) AS d WHERE m.kind = 'area'
    UNION ALL
    SELECT 'grid', d.geom FROM pg_temp.change AS c CROSS JOIN LATERAL ST_Dump(c.spot) AS d
    UNION ALL -- buildings whose file names a grid that came or went
    SELECT 'building', b.geom FROM atlas.building AS b WHERE b.declared_grid <> '' AND b.geom IS NOT NULL AND b.declared_grid = ANY (ARRAY(
        SELECT unnest(m.codes) FROM pg_temp.mark AS m WHERE m.kind = 'declared'
        UNION SELECT c.code FROM pg_temp.change AS c WHERE (c.was IS NULL) <> (c.now_id IS NULL)))
    UNION ALL -- buildings of the posts of people whose posts or leave changed
    SELECT 'building', b.geom FROM atlas.post AS p JOIN atlas.building AS b ON b.id = p.building_id
    WHERE p.person_id = ANY (ARRAY(SELECT unnest(m.ids) FROM pg_temp.mark AS m WHERE m.kind IN ('post', 'leave')))
)
INSERT INTO pg_temp.spot
SELECT s.kind, s.geom, r.reach, ST_Expand(s.geom, r.reach)
FROM spot AS s CROSS JOIN pg_temp.off_now AS n
CROSS JOIN LATERAL (SELECT CASE WHEN s.kind IN ('area', 'road', 'water', 'excluded') -- what a strip may lie along
    THEN greatest(n.margin, n.line / greatest(cos(radians(ST_YMax(s.geom))), 0.01)) ELSE n.margin END AS reach) AS r
WHERE NOT ST_IsEmpty(s.geom)

-- name: focus
-- What is judged anew: areas, and what belongs to none (single grids, buildings, incidents).
WITH changed AS MATERIALIZED (
    SELECT coalesce(array_agg(code), '{}') AS codes, coalesce(array_agg(now_id) FILTER (WHERE now_id IS NOT NULL), '{}') AS ids FROM pg_temp.change
), people AS MATERIALIZED (
    SELECT ARRAY(SELECT DISTINCT unnest(m.ids) FROM pg_temp.mark AS m WHERE m.kind IN ('post', 'leave')) AS ids
), named AS MATERIALIZED ( -- grids named by what changed
    SELECT unnest(m.codes) AS code FROM pg_temp.mark AS m WHERE m.kind IN ('post', 'visit')
    UNION
    SELECT p.grid_code FROM people CROSS JOIN atlas.post AS p WHERE p.person_id = ANY (people.ids) AND p.network_id = %(network)s
    UNION
    SELECT g.code FROM pg_temp.mark AS m JOIN atlas.incident AS i ON i.id = ANY (m.ids)
    JOIN atlas.grid AS g ON g.id = i.grid_id AND g.network_id = %(network)s WHERE m.kind = 'incident'
), told AS MATERIALIZED ( -- findings that name a grid that changed, lie where something changed, or would have a nearer grid now
    SELECT f.area_id, f.rule, f.grid_codes, f.building_codes, f.subjects FROM atlas.finding AS f, changed
    WHERE f.network_id = %(network)s AND f.grid_codes && changed.codes AND changed.codes <> '{}'
    UNION ALL
    SELECT f.area_id, f.rule, f.grid_codes, f.building_codes, f.subjects FROM pg_temp.spot AS s JOIN atlas.finding AS f ON f.geom && s.box
    WHERE f.network_id = %(network)s AND ST_DWithin(f.geom, s.geom, s.reach)
    UNION ALL
    SELECT f.area_id, f.rule, f.grid_codes, f.building_codes, f.subjects FROM pg_temp.spot AS s
    JOIN atlas.finding AS f ON atlas.reach_of(f.geom, (f.measure ->> 'distance_m')::double precision) && s.geom
    WHERE s.kind = 'grid' AND f.network_id = %(network)s AND f.rule = 'unassigned_building' AND f.subjects ->> 'kind' = 'loose'
        AND NOT ST_Distance(f.geom, s.geom) > (f.measure ->> 'distance_m')::double precision * 1.02 / (110500 * greatest(cos(radians(ST_Y(f.geom))), 0.01))
), touched AS MATERIALIZED ( -- grids in force
    SELECT g.id FROM pg_temp.spot AS s JOIN off_grid AS g ON g.geom && s.box AND ST_DWithin(g.geom, s.geom, s.reach)
    UNION
    SELECT unnest(ids) FROM changed
    UNION
    SELECT g.id FROM named JOIN atlas.grid AS g ON g.network_id = %(network)s AND g.code = named.code AND g.valid_to IS NULL
    UNION
    SELECT g.id FROM off_grid AS g WHERE g.area_code = ANY (ARRAY(SELECT unnest(m.codes) FROM pg_temp.mark AS m WHERE m.kind = 'area'))
    UNION -- of no area's findings, the grids they name
    SELECT g.id FROM told AS t JOIN atlas.grid AS g ON g.network_id = %(network)s AND g.code = ANY (t.grid_codes) AND g.valid_to IS NULL
    WHERE t.area_id IS NULL
), home AS MATERIALIZED (
    SELECT g.id, g.code, coalesce(d.id, u.id) AS area_id, d.id IS NOT NULL AS declared, g.geom
    FROM touched AS t JOIN off_grid AS g USING (id)
    LEFT JOIN LATERAL (SELECT min(a.id) AS id FROM off_area AS a WHERE a.code = g.area_code) AS d ON true
    LEFT JOIN LATERAL (
        SELECT min(a.id) AS id FROM (SELECT ST_PointOnSurface(g.geom) AS geom OFFSET 0) AS p JOIN off_area AS a ON a.geom && p.geom AND ST_Covers(a.geom, p.geom)
        WHERE d.id IS NULL
    ) AS u ON true
), area AS MATERIALIZED (
    SELECT h.area_id AS id FROM home AS h WHERE h.area_id IS NOT NULL
    UNION
    SELECT t.area_id FROM told AS t WHERE t.area_id IS NOT NULL
    UNION
    SELECT a.id FROM pg_temp.spot AS s JOIN off_area AS a ON a.geom && s.box AND ST_DWithin(a.geom, s.geom, s.reach)
    UNION
    SELECT unnest(m.ids) FROM pg_temp.mark AS m WHERE m.kind = 'area'
    UNION -- where most of a grid lies that declares no area
    SELECT best.id FROM changed JOIN home AS h ON h.id = ANY (changed.ids) AND NOT h.declared
    CROSS JOIN LATERAL (
        SELECT x.id FROM (
            SELECT a.id, ST_Area(ST_Intersection(a.geom, h.geom)) AS held FROM off_area AS a WHERE a.geom && h.geom AND a.id IS DISTINCT FROM h.area_id
            OFFSET 0
        ) AS x WHERE x.held > 0 ORDER BY x.held DESC, x.id LIMIT 1
    ) AS best
    WHERE ST_Area(h.geom) > 0
), single AS MATERIALIZED (
    SELECT ARRAY(
        SELECT code FROM home WHERE area_id IS NULL UNION SELECT unnest(grid_codes) FROM told WHERE area_id IS NULL
        UNION SELECT unnest(changed.codes) FROM changed
    ) AS codes
), mine AS MATERIALIZED (
    SELECT coalesce(array_agg(id), '{}') AS ids FROM (SELECT o.id FROM area CROSS JOIN LATERAL (SELECT a.id FROM off_area AS a WHERE a.id = area.id OFFSET 0) AS o) AS a
)
INSERT INTO pg_temp.focus
SELECT mine.ids, changed.codes, changed.ids,
    single.codes,
    ARRAY(SELECT id FROM home WHERE area_id IS NULL),
    ARRAY(
        SELECT unnest(m.ids) FROM pg_temp.mark AS m WHERE m.kind IN ('building', 'visit')
        UNION
        SELECT b.id FROM pg_temp.spot AS s JOIN atlas.building AS b ON b.geom && s.box
        WHERE s.kind IN ('grid', 'area') AND (b.area_id IS NULL OR NOT EXISTS (SELECT FROM off_area AS a WHERE a.id = b.area_id))
        UNION
        SELECT b.id FROM told AS t JOIN atlas.building AS b ON b.code = ANY (t.building_codes) WHERE t.area_id IS NULL
        UNION -- whatever names one of the single grids is up for replacement too
        SELECT b.id FROM atlas.finding AS f JOIN atlas.building AS b ON b.code = ANY (f.building_codes)
        WHERE f.network_id = %(network)s AND f.area_id IS NULL AND f.grid_codes && single.codes
    ),
    ARRAY(
        SELECT unnest(m.ids) FROM pg_temp.mark AS m WHERE m.kind = 'incident'
        UNION
        SELECT i.id FROM pg_temp.spot AS s JOIN atlas.incident AS i ON i.geom && s.box
        WHERE s.kind IN ('grid', 'area') AND (i.area_id IS NULL OR NOT EXISTS (SELECT FROM off_area AS a WHERE a.id = i.area_id))
        UNION
        SELECT i.id FROM told AS t JOIN atlas.incident AS i ON i.code = t.subjects ->> 'incident' WHERE t.area_id IS NULL
    ),
    people.ids,
    ARRAY( -- grids at home in these areas
        SELECT g.id FROM off_area AS a JOIN off_grid AS g ON g.geom && a.geom WHERE a.id = ANY (mine.ids)
        UNION SELECT g.id FROM off_area AS a JOIN off_grid AS g ON g.area_code = a.code WHERE a.id = ANY (mine.ids)
    ),
    ARRAY( -- buildings that findings of these areas, or of none, name
        SELECT b.id FROM atlas.finding AS f JOIN atlas.building AS b ON b.code = ANY (f.building_codes)
        WHERE f.network_id = %(network)s AND f.area_id = ANY (mine.ids) AND f.rule = 'boundary_building'
    )
FROM mine, changed, people, single

-- name: focused
-- The arrays of focus.
SELECT areas, single, buildings, incidents FROM pg_temp.focus

-- name: filled
-- Rules whose findings something changed in: what they found is land, and records only fill it.
SELECT DISTINCT f.rule FROM pg_temp.spot AS s JOIN atlas.finding AS f ON f.geom && s.box
WHERE f.network_id = %(network)s AND f.rule = ANY (%(rules)s) AND ST_DWithin(f.geom, s.geom, s.reach)

-- name: households
-- Whether any building has households, given whether any had before.
SELECT CASE WHEN %(before)s THEN EXISTS (SELECT FROM atlas.building WHERE households > 0)
    ELSE EXISTS (SELECT FROM pg_temp.mark AS m JOIN atlas.building AS b ON b.id = ANY (m.ids) WHERE m.kind = 'building' AND b.households > 0) END

-- name: cov_param
-- Parameters.
INSERT INTO cov_param SELECT * FROM unnest(%(keys)s::text[], %(values)s::double precision[])

-- name: cov_policy
-- The visit policy.
INSERT INTO cov_policy SELECT * FROM unnest(%(kinds)s::text[], %(objects)s::text[], %(intervals)s::integer[], %(graces)s::integer[])

-- name: cov_now
-- The moment.
INSERT INTO cov_now SELECT at, (at AT TIME ZONE 'Asia/Shanghai')::date FROM pg_temp.off_now

-- name: seed
-- Where records are brought in from: boxes of the areas, of their grids that reach out, of single grids; of single records and of what was named.
WITH f AS MATERIALIZED (SELECT * FROM pg_temp.focus), m AS (SELECT margin FROM pg_temp.off_now),
area AS MATERIALIZED (SELECT a.id, a.code, a.geom FROM off_area AS a, f WHERE a.id = ANY (f.areas)),
home AS ( -- of the grids near the areas those that are at home there
    SELECT g.geom FROM f JOIN off_grid AS g ON g.id = ANY (f.homes)
    WHERE g.id = ANY (f.single_ids) OR g.area_code IN (SELECT code FROM area)
        OR EXISTS (SELECT FROM area AS a WHERE a.geom && g.geom AND ST_Covers(a.geom, ST_PointOnSurface(g.geom)))
    UNION ALL
    SELECT g.geom FROM f JOIN off_grid AS g ON g.id = ANY (f.single_ids || f.changed_ids) OR g.code = ANY (f.single)
)
INSERT INTO pg_temp.seed
SELECT s.geom, s.wide, CASE WHEN s.wide THEN ST_Expand(s.geom, (SELECT line FROM pg_temp.off_now) / greatest(cos(radians(ST_YMax(s.geom))), 0.01)) ELSE s.geom END FROM (
SELECT ST_Expand(geom, (SELECT margin FROM m)) AS geom, true AS wide FROM area
UNION ALL SELECT ST_Expand(ST_Centroid(geom), 0.0001), false FROM area
UNION ALL SELECT ST_Expand(geom, (SELECT margin FROM m)), false FROM home
UNION ALL SELECT box, false FROM pg_temp.spot
UNION ALL SELECT ST_Expand(b.geom, (SELECT margin FROM m)), false FROM f JOIN atlas.building AS b ON b.id = ANY (f.buildings || f.extras) WHERE b.geom IS NOT NULL
UNION ALL SELECT ST_Expand(i.geom, (SELECT margin FROM m)), false FROM f JOIN atlas.incident AS i ON i.id = ANY (f.incidents) WHERE i.geom IS NOT NULL
) AS s

-- name: cov_building
-- Buildings there, and those of the findings up for replacement.
INSERT INTO cov_building
SELECT o.* FROM (
    SELECT b.id FROM pg_temp.seed AS s JOIN atlas.building AS b ON b.geom && s.geom WHERE NOT s.wide
    UNION
    SELECT b.id FROM atlas.building AS b WHERE b.area_id = ANY (ARRAY(SELECT unnest(areas) FROM pg_temp.focus))
    UNION
    SELECT unnest(f.buildings || f.extras) FROM pg_temp.focus AS f
) AS i CROSS JOIN LATERAL (SELECT * FROM off_building AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_grid
-- Grids there, those that the footprints of these buildings meet, and those that what happened there names: it counts where they are at home.
INSERT INTO cov_grid
SELECT o.* FROM (SELECT DISTINCT g.id FROM (
        SELECT geom FROM pg_temp.seed
        UNION ALL
        SELECT ST_SetSRID(ST_Extent(b.footprint)::geometry, 4490) FROM cov_building AS b
    ) AS s JOIN off_grid AS g ON g.geom && s.geom
    UNION
    SELECT g.id FROM (
        SELECT v.grid_code AS code FROM pg_temp.off_now AS n CROSS JOIN pg_temp.seed AS s JOIN atlas.visit AS v ON v.geom && s.geom
        WHERE v.network_id = n.network AND v.visited_at > n.at - make_interval(days => %(days)s)
        UNION
        SELECT v.grid_code FROM pg_temp.off_now AS n CROSS JOIN cov_building AS b JOIN atlas.visit AS v ON v.building_id = b.id
        WHERE v.network_id = n.network AND v.visited_at > n.at - make_interval(days => %(days)s)
        UNION
        SELECT w.code FROM pg_temp.off_now AS n CROSS JOIN pg_temp.seed AS s JOIN atlas.incident AS i ON i.geom && s.geom
        JOIN atlas.grid AS w ON w.id = i.grid_id
        WHERE w.network_id = n.network AND i.occurred_at > n.at - make_interval(days => %(days)s)
    ) AS named JOIN off_grid AS g ON g.code = named.code
) AS i CROSS JOIN LATERAL (SELECT * FROM off_grid AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_assignment
-- Every (building, grid) where the grid covers the building's point.
INSERT INTO cov_assignment
SELECT b.id, g.id FROM cov_grid AS g CROSS JOIN LATERAL (
    SELECT b.id FROM cov_building AS b WHERE b.geom && g.geom AND ST_Covers(g.geom, b.geom) OFFSET 0
) AS b

-- name: cov_loose_grid
-- The grids nearest to loose buildings, and those that may be nearer in metres.
WITH first AS MATERIALIZED (
    SELECT l.geom, n.geom AS near
    FROM cov_loose AS l CROSS JOIN LATERAL (SELECT g.id, g.geom FROM off_grid AS g ORDER BY g.geom <-> l.geom LIMIT 1) AS n
), reach AS (
    SELECT f.geom, ST_Length(atlas.metric(ST_ShortestLine(f.near, f.geom), ST_X(f.geom))) AS metres FROM first AS f
), wanted AS (
    SELECT g.id FROM reach AS r JOIN off_grid AS g ON g.geom && ST_Expand(
        r.geom, r.metres * 1.02 / (110500 * greatest(cos(radians(ST_Y(r.geom))), 0.01)) + 1e-8, r.metres * 1.02 / 110500 + 1e-8)
    WHERE r.metres < 20000
    UNION
    SELECT n.id FROM cov_loose AS l CROSS JOIN LATERAL (SELECT g.id FROM off_grid AS g ORDER BY g.geom <-> l.geom LIMIT 1) AS n
)
INSERT INTO cov_grid
SELECT o.* FROM (SELECT DISTINCT id FROM (SELECT id FROM wanted EXCEPT SELECT id FROM cov_grid) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_grid AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_area
-- Areas of these grids and of the records that lie in none.
INSERT INTO cov_area
SELECT o.* FROM (SELECT DISTINCT id FROM (
    SELECT unnest(areas) FROM pg_temp.focus
    UNION SELECT a.id FROM cov_grid AS g JOIN off_area AS a ON a.geom && g.geom
    UNION SELECT a.id FROM cov_grid AS g JOIN off_area AS a ON a.code = g.area_code
    UNION SELECT a.id FROM (SELECT DISTINCT lines AS geom FROM pg_temp.seed) AS s JOIN off_area AS a ON a.geom && s.geom
    UNION SELECT a.id FROM cov_loose AS l JOIN off_area AS a ON a.geom && l.geom
) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_area AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_unit
-- The areas that are judged; those at home to a grid that may lie mostly in one of them; -1 for grids of no area.
WITH f AS MATERIALIZED (
    SELECT areas, changed, EXISTS (SELECT FROM pg_temp.mark WHERE kind = 'area') AS land FROM pg_temp.focus
)
INSERT INTO cov_unit
SELECT unnest(f.areas) FROM f
UNION SELECT m.id FROM (
    SELECT a.id, a.geom AS land, g.geom FROM f CROSS JOIN cov_home AS h
    JOIN cov_area AS a ON a.id = h.area_id
    JOIN cov_grid AS g ON g.id = h.grid_id
    WHERE NOT h.declared AND h.area_id <> ALL (f.areas) AND (f.land OR g.code = ANY (f.changed) OR g.code IN (
        SELECT unnest(s.grid_codes) FROM atlas.finding AS s
        WHERE s.network_id = (SELECT network FROM pg_temp.off_now) AND s.area_id = ANY (f.areas) AND s.rule = 'stray_part'))
    OFFSET 0
) AS m
WHERE NOT ST_Covers(m.land, m.geom)
UNION SELECT -1 FROM cov_home WHERE area_id IS NULL

-- name: cov_shell
-- The union of the grids of each of them; of the others only of the grids that meet one.
WITH own AS MATERIALIZED (
    SELECT u.id, m.geom, m.total FROM cov_unit AS u CROSS JOIN LATERAL (
        SELECT ST_Union(g.geom) AS geom, sum(ST_Area(g.geom)) AS total FROM cov_home AS h JOIN cov_grid AS g ON g.id = h.grid_id WHERE h.shell_id = u.id
    ) AS m
    WHERE m.geom IS NOT NULL
), near AS MATERIALIZED (
    SELECT DISTINCT h.shell_id AS id, g.id AS grid_id
    FROM own CROSS JOIN LATERAL (
        SELECT g.id FROM cov_grid AS g WHERE g.geom && own.geom AND ST_Intersects(own.geom, g.geom) OFFSET 0
    ) AS g
    JOIN cov_home AS h ON h.grid_id = g.id
    WHERE h.shell_id NOT IN (SELECT id FROM cov_unit)
), other AS (
    SELECT n.id, ST_Union(g.geom) AS geom, sum(ST_Area(g.geom)) AS total FROM near AS n JOIN cov_grid AS g ON g.id = n.grid_id GROUP BY n.id
)
INSERT INTO cov_shell
SELECT s.id, nullif(s.id, -1), s.geom, rough_m2(s.geom) * (s.total / nullif(ST_Area(s.geom), 0) - 1)
FROM (SELECT * FROM own UNION ALL SELECT * FROM other) AS s

-- name: cov_division
-- What is above these areas.
INSERT INTO cov_division SELECT o.* FROM off_division AS o WHERE o.area_id IN (SELECT id FROM cov_area)

-- name: cov_declared
-- What the files of these buildings name.
INSERT INTO cov_declared
SELECT b.id, b.declared_grid FROM cov_building AS c JOIN atlas.building AS b USING (id)
WHERE b.declared_grid <> '' AND (
    EXISTS (SELECT FROM off_grid AS g WHERE g.code = b.declared_grid)
    OR NOT EXISTS (SELECT FROM atlas.network AS n JOIN atlas.grid AS g ON g.network_id = n.id AND g.code = b.declared_grid AND g.valid_to IS NULL))

-- name: cov_incident
-- Incidents there, and those of these grids' days.
INSERT INTO cov_incident
SELECT o.* FROM (SELECT DISTINCT id FROM (
    SELECT i.id FROM (SELECT DISTINCT geom FROM pg_temp.seed) AS s JOIN atlas.incident AS i ON i.geom && s.geom
    UNION SELECT unnest(incidents) FROM pg_temp.focus
    UNION SELECT i.id FROM cov_grid AS c JOIN atlas.grid AS g ON g.network_id = (SELECT network FROM pg_temp.off_now) AND g.code = c.code
        JOIN atlas.incident AS i ON i.grid_id = g.id
) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_incident AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_excluded
-- Allowed gaps there, or as near as a strip may lie along them.
INSERT INTO cov_excluded
SELECT o.* FROM (SELECT DISTINCT id FROM (SELECT e.id FROM (SELECT DISTINCT lines AS geom FROM pg_temp.seed) AS s JOIN off_excluded AS e ON e.geom && s.geom) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_excluded AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_post
-- Posts of these grids and buildings, all posts of the people who hold one, and one more as a witness that there are any.
WITH near AS (
    SELECT o.* FROM off_post AS o WHERE o.grid_code IN (SELECT code FROM cov_grid) OR o.building_id IN (SELECT id FROM cov_building)
        OR o.person_id = ANY (ARRAY(SELECT unnest(people) FROM pg_temp.focus))
)
INSERT INTO cov_post
SELECT o.* FROM off_post AS o WHERE o.person_id IN (SELECT person_id FROM near)
UNION (SELECT o.* FROM off_post AS o WHERE o.grid_code IS NOT NULL LIMIT 1)

-- name: cov_leave
-- Leave of these people.
INSERT INTO cov_leave SELECT o.* FROM off_leave AS o WHERE o.person_id IN (SELECT person_id FROM cov_post)

-- name: cov_visit
-- Visits there, of these grids and buildings, and the earliest of all: it says since when there are records.
INSERT INTO cov_visit
SELECT o.* FROM (SELECT DISTINCT id FROM (
    SELECT v.id FROM (SELECT DISTINCT geom FROM pg_temp.seed) AS s JOIN atlas.visit AS v ON v.geom && s.geom
    UNION SELECT v.id FROM cov_grid AS c JOIN atlas.visit AS v ON v.network_id = (SELECT network FROM pg_temp.off_now) AND v.grid_code = c.code
    UNION SELECT v.id FROM cov_building AS c JOIN atlas.visit AS v ON v.building_id = c.id
    UNION (SELECT v.id FROM off_visit AS v WHERE v.grid_code IS NOT NULL ORDER BY v.visited_at LIMIT 1)
    UNION (SELECT v.id FROM off_visit AS v WHERE v.building_id IS NOT NULL ORDER BY v.visited_at LIMIT 1)
) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_visit AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_track
-- Tracks there, and one more as a witness that there are any.
INSERT INTO cov_track
SELECT o.* FROM (SELECT DISTINCT id FROM (
    SELECT t.id FROM (SELECT DISTINCT geom FROM pg_temp.seed) AS s JOIN off_track AS t ON t.geom && s.geom
    UNION (SELECT t.id FROM off_track AS t LIMIT 1)
) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_track AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_duty
-- The list of duties.
INSERT INTO cov_duty SELECT o.* FROM off_duty AS o

-- name: cov_road
-- Roads there, or as near as a strip may lie along them.
INSERT INTO cov_road
SELECT o.* FROM (SELECT DISTINCT id FROM (SELECT e.id FROM (SELECT DISTINCT lines AS geom FROM pg_temp.seed) AS s JOIN off_road AS e ON e.geom && s.geom) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_road AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: cov_water
-- Water there, or as near as a strip may lie along it.
INSERT INTO cov_water
SELECT o.* FROM (SELECT DISTINCT id FROM (SELECT e.id FROM (SELECT DISTINCT lines AS geom FROM pg_temp.seed) AS s JOIN off_water AS e ON e.geom && s.geom) AS j (id)) AS i CROSS JOIN LATERAL (SELECT * FROM off_water AS o WHERE o.id = i.id OFFSET 0) AS o

-- name: assign
-- Brings the assignment of the buildings up to date that changed, or that a grid that changed covers or covered; how many rows differed.
WITH f AS MATERIALIZED (SELECT * FROM pg_temp.focus),
house AS MATERIALIZED (
    SELECT unnest(m.ids) AS id FROM pg_temp.mark AS m WHERE m.kind = 'building'
    UNION SELECT s.building_id FROM f JOIN cov_assignment AS s ON s.grid_id = ANY (f.changed_ids)
    UNION SELECT s.building_id FROM f JOIN atlas.grid AS g ON g.network_id = %(network)s AND g.code = ANY (f.changed)
        CROSS JOIN LATERAL (SELECT a.building_id FROM atlas.assignment AS a WHERE a.grid_id = g.id OFFSET 0) AS s
    UNION SELECT b.id FROM pg_temp.spot AS s JOIN cov_building AS b ON b.geom && s.box WHERE s.kind = 'grid'
), fresh AS MATERIALIZED (
    SELECT h.id AS building_id, (SELECT min(s.grid_id) FROM cov_assignment AS s WHERE s.building_id = h.id) AS grid_id FROM house AS h
), stale AS (
    DELETE FROM atlas.assignment AS s
    WHERE s.network_id = %(network)s AND s.building_id = ANY (ARRAY(SELECT n.building_id FROM fresh AS n WHERE n.grid_id IS NULL))
    RETURNING 1
), written AS (
    INSERT INTO atlas.assignment AS s (network_id, building_id, grid_id)
    SELECT %(network)s, n.building_id, n.grid_id FROM fresh AS n
    LEFT JOIN LATERAL (
        SELECT a.grid_id FROM atlas.assignment AS a WHERE a.network_id = %(network)s AND a.building_id = n.building_id OFFSET 0
    ) AS o ON true
    WHERE n.grid_id IS NOT NULL AND o.grid_id IS DISTINCT FROM n.grid_id
    ON CONFLICT (network_id, building_id) DO UPDATE SET grid_id = EXCLUDED.grid_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM stale) + (SELECT count(*) FROM written)

-- name: later
-- Leaves the rules that compare the whole network to a run of their own.
INSERT INTO atlas.dirty (network_id, kind) SELECT %(network)s, 'statistics'
WHERE NOT EXISTS (SELECT FROM atlas.dirty WHERE network_id = %(network)s AND kind = 'statistics')

-- name: witness
-- What there is at all: a rule whose records begin or end to exist judges everything anew.
SELECT jsonb_build_object(
    'households', EXISTS (SELECT FROM atlas.building WHERE households > 0),
    'post', EXISTS (SELECT FROM off_post WHERE grid_code IS NOT NULL), 'house_post', EXISTS (SELECT FROM off_post WHERE building_id IS NOT NULL),
    'leave', EXISTS (SELECT FROM off_leave), 'visit', (SELECT visited_at::date FROM off_visit WHERE grid_code IS NOT NULL ORDER BY visited_at LIMIT 1),
    'house_visit', (SELECT visited_at::date FROM off_visit WHERE building_id IS NOT NULL ORDER BY visited_at LIMIT 1), 'track', EXISTS (SELECT FROM off_track),
    'incident', EXISTS (SELECT FROM off_incident), 'duty', EXISTS (SELECT FROM off_duty), 'road', EXISTS (SELECT FROM off_road),
    'water', EXISTS (SELECT FROM off_water), 'grid', EXISTS (SELECT FROM off_grid),
    'level', (SELECT level FROM off_area LIMIT 1)
)

-- name: tally
-- Findings up for replacement, counted: (rule, severity, how many, accepted ones, m²).
SELECT f.rule, f.severity, count(*), count(*) FILTER (WHERE f.accepted), sum(f.area_m2)
FROM (
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND area_id = ANY (%(areas)s)
    UNION
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND area_id IS NULL AND grid_codes && %(grids)s
    UNION
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND area_id IS NULL
        AND building_codes && ARRAY(SELECT code FROM atlas.building WHERE id = ANY (%(buildings)s))
    UNION
    SELECT f.id FROM atlas.incident AS i JOIN atlas.finding AS f ON f.network_id = %(network)s AND f.rule = 'unlocated_record'
        AND f.key = '["incident",[],' || to_json(i.code)::text || ']'
    WHERE i.id = ANY (%(incidents)s) AND f.area_id IS NULL
    UNION
    SELECT f.id FROM atlas.finding AS f WHERE %(orphans)s AND f.network_id = %(network)s AND f.area_id IS NULL AND (
        EXISTS (SELECT FROM unnest(f.building_codes) AS c (code) WHERE NOT EXISTS (SELECT FROM atlas.building AS b WHERE b.code = c.code))
        OR f.subjects ? 'incident' AND NOT EXISTS (SELECT FROM atlas.incident AS i WHERE i.code = f.subjects ->> 'incident'))
) AS s
CROSS JOIN LATERAL (SELECT * FROM atlas.finding AS f WHERE f.id = s.id OFFSET 0) AS f
WHERE f.rule = ANY (%(rules)s)
GROUP BY f.rule, f.severity

-- name: orphans
-- Whether a record that was touched is no longer there.
SELECT EXISTS (SELECT FROM unnest(%(buildings)s::bigint[]) AS n (id) WHERE NOT EXISTS (SELECT FROM atlas.building AS b WHERE b.id = n.id))
    OR EXISTS (SELECT FROM unnest(%(incidents)s::bigint[]) AS n (id) WHERE NOT EXISTS (SELECT FROM atlas.incident AS i WHERE i.id = n.id))

-- name: contested
-- Contested land of these areas, of none, and what overlaps it.
SELECT ST_AsBinary(f.geom), f.area_id = ANY (%(areas)s) OR f.area_id IS NULL FROM atlas.finding AS f
WHERE f.network_id = %(network)s AND f.rule = 'contested_land' AND f.geom && ANY (ARRAY(
    SELECT ST_Expand(s.geom, 1e-9) FROM atlas.finding AS s
    WHERE s.network_id = %(network)s AND s.rule = 'contested_land' AND (s.area_id = ANY (%(areas)s) OR s.area_id IS NULL)
))

-- name: newest
-- The newest refresh: (id, summary).
SELECT id, summary FROM atlas.refresh WHERE network_id = %(network)s ORDER BY id DESC LIMIT 1

-- name: counted
-- The headline's day of the network, and the buildings that are assigned.
SELECT d.buildings, d.households, d.blind_buildings, d.blind_households,
    coalesce((SELECT sum(f.buildings) FROM atlas.area_figure AS f WHERE f.network_id = %(network)s), 0)
    + coalesce((SELECT sum(v.buildings) FROM atlas.grid AS g JOIN atlas.grid_figure AS v ON v.grid_id = g.id
        WHERE g.network_id = %(network)s AND g.area_id IS NULL AND g.valid_to IS NULL), 0),
    (SELECT count(now_id) - count(was) FROM pg_temp.change)
FROM atlas.coverage_day AS d
WHERE d.network_id = %(network)s AND d.area_id IS NULL AND d.grid_code IS NULL ORDER BY d.day DESC LIMIT 1

-- name: land
-- Areas and their land.
SELECT count(*), coalesce(sum(atlas.area_m2(geom)), 0) FROM off_area

-- name: done
-- The newest figures.
UPDATE atlas.refresh SET summary = %(summary)s, finished_at = clock_timestamp() WHERE id = %(id)s
