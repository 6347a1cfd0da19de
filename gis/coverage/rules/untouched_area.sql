-- Land where people live that nobody touched in untouched_days: cells of cell_m metres that hold
-- buildings with households and saw neither a visit, nor the counted part of a track, nor an incident. The
-- lattice is fixed and needs no projection: rows from the equator, columns from Greenwich, whose width is that
-- of the middle of their hundred rows. A touch counts for the community whose grid it names, else for the one it
-- lies in: what happens across the border touches nobody on this side. Neighbouring cells of one community are
-- one finding. Nothing is judged without visits and tracks.
WITH span AS (
    SELECT n.at - make_interval(days => d.value::integer) AS begins, n.at AS ends, c.value AS cell, c.value / 110574 AS high, n.day
    FROM cov_now AS n, cov_param AS d, cov_param AS c
    WHERE d.key = 'untouched_days' AND c.key = 'cell_m'
      AND (EXISTS (SELECT FROM cov_visit WHERE grid_code IS NOT NULL) OR EXISTS (SELECT FROM cov_track))
),
home AS MATERIALIZED (
    SELECT g.id, g.code, h.area_id FROM cov_grid AS g JOIN cov_home AS h ON h.grid_id = g.id WHERE h.area_id IS NOT NULL
),
lived AS MATERIALIZED (
    SELECT h.area_id, h.code, b.id, b.households, f.row, floor(ST_X(b.geom) / w.wide)::integer AS col
    FROM span AS s
    CROSS JOIN (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS a
    JOIN home AS h ON h.id = a.grid_id
    JOIN cov_building AS b ON b.id = a.building_id
    CROSS JOIN LATERAL (SELECT floor(ST_Y(b.geom) / s.high)::integer AS row) AS f
    CROSS JOIN LATERAL (SELECT s.cell / (111320 * cos(radians((floor(f.row / 100.0) * 100 + 50) * s.high))) AS wide) AS w
    WHERE b.households > 0 AND (b.demolished_on IS NULL OR b.demolished_on > s.day)
),
spot AS MATERIALIZED (
    SELECT h.area_id, v.geom
    FROM span AS s
    JOIN cov_visit AS v ON v.visited_at > s.begins AND v.visited_at <= s.ends
    LEFT JOIN home AS h ON h.code = v.grid_code
    WHERE v.geom IS NOT NULL
    UNION ALL
    SELECT h.area_id, b.geom
    FROM span AS s
    JOIN cov_visit AS v ON v.visited_at > s.begins AND v.visited_at <= s.ends
    JOIN cov_building AS b ON b.id = v.building_id
    LEFT JOIN home AS h ON h.code = v.grid_code
    WHERE v.geom IS NULL AND b.geom IS NOT NULL
    UNION ALL
    SELECT h.area_id, i.geom
    FROM span AS s
    JOIN cov_incident AS i ON i.occurred_at > s.begins AND i.occurred_at <= s.ends
    LEFT JOIN home AS h ON h.code = i.grid_code
    WHERE i.geom IS NOT NULL
),
placed AS (
    SELECT area_id, geom FROM spot WHERE area_id IS NOT NULL
    UNION ALL
    SELECT a.id, p.geom FROM cov_area AS a JOIN spot AS p ON p.area_id IS NULL AND p.geom && a.geom AND ST_Covers(a.geom, p.geom)
),
way AS MATERIALIZED ( -- each straight piece of a track within a community
    SELECT a.id AS area_id, ST_X(ST_StartPoint(d.geom)) AS x0, ST_Y(ST_StartPoint(d.geom)) AS y0, ST_X(ST_EndPoint(d.geom)) AS x1, ST_Y(ST_EndPoint(d.geom)) AS y1
    FROM span AS s
    JOIN cov_track AS t ON t.ended_at > s.begins AND t.started_at <= s.ends
    JOIN cov_area AS a ON a.geom && t.geom AND ST_Intersects(a.geom, t.geom)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN ST_Covers(a.geom, t.geom) THEN t.geom ELSE ST_CollectionExtract(ST_Intersection(t.geom, a.geom), 2) END AS geom
    ) AS own
    CROSS JOIN LATERAL ST_DumpSegments(own.geom) AS d
),
crossed AS ( -- the stretch of each piece in each row it passes
    SELECT w.area_id, r.row, c.value / (111320 * cos(radians((floor(r.row / 100.0) * 100 + 50) * s.high))) AS wide,
        w.x0 + (w.x1 - w.x0) * k.a AS west, w.x0 + (w.x1 - w.x0) * k.b AS east
    FROM span AS s
    CROSS JOIN (SELECT value FROM cov_param WHERE key = 'cell_m') AS c
    CROSS JOIN way AS w
    CROSS JOIN LATERAL generate_series(floor(least(w.y0, w.y1) / s.high)::integer, floor(greatest(w.y0, w.y1) / s.high)::integer) AS r (row)
    CROSS JOIN LATERAL (SELECT (r.row * s.high - w.y0) / nullif(w.y1 - w.y0, 0) AS low, ((r.row + 1) * s.high - w.y0) / nullif(w.y1 - w.y0, 0) AS up) AS t
    CROSS JOIN LATERAL (SELECT greatest(0, least(t.low, t.up)) AS a, least(1, coalesce(greatest(t.low, t.up), 1)) AS b) AS k
),
cell AS ( -- grouped, not joined: a plan that does not depend on how many rows are expected
    SELECT l.area_id, l.row, l.col, false AS touched FROM lived AS l
    UNION ALL
    SELECT p.area_id, f.row, floor(ST_X(p.geom) / (s.cell / (111320 * cos(radians((floor(f.row / 100.0) * 100 + 50) * s.high)))))::integer, true
    FROM span AS s
    CROSS JOIN placed AS p
    CROSS JOIN LATERAL (SELECT floor(ST_Y(p.geom) / s.high)::integer AS row) AS f
    UNION ALL
    SELECT c.area_id, c.row, g.col, true
    FROM crossed AS c
    CROSS JOIN LATERAL generate_series(floor(least(c.west, c.east) / c.wide)::integer, floor(greatest(c.west, c.east) / c.wide)::integer) AS g (col)
),
bare AS MATERIALIZED (
    SELECT c.area_id, c.row, c.col, ST_MakeEnvelope(c.col * w.wide, c.row * s.high, (c.col + 1) * w.wide, (c.row + 1) * s.high, 4490) AS geom
    FROM span AS s
    CROSS JOIN (SELECT area_id, row, col FROM cell GROUP BY area_id, row, col HAVING NOT bool_or(touched)) AS c
    CROSS JOIN LATERAL (SELECT s.cell / (111320 * cos(radians((floor(c.row / 100.0) * 100 + 50) * s.high))) AS wide) AS w
),
clump AS MATERIALIZED (
    SELECT b.*, ST_ClusterDBSCAN(b.geom, 1e-9, 1) OVER (PARTITION BY b.area_id ORDER BY b.row, b.col) AS number FROM bare AS b
),
member AS MATERIALIZED (
    SELECT c.area_id, c.number, count(*) AS buildings, sum(l.households) AS households, array_agg(l.id ORDER BY l.id) AS ids,
        array_agg(DISTINCT l.code ORDER BY l.code) AS codes
    FROM clump AS c
    JOIN lived AS l ON (l.area_id, l.row, l.col) = (c.area_id, c.row, c.col)
    GROUP BY c.area_id, c.number
    HAVING sum(l.households) >= (SELECT value FROM cov_param WHERE key = 'untouched_households_min')
),
place AS (
    SELECT area_id, number, ST_Multi(ST_Union(geom ORDER BY row, col)) AS geom, count(*) AS cells FROM clump GROUP BY area_id, number
)
SELECT
    'blind' AS severity,
    p.geom,
    jsonb_build_object(
        'area_m2', area_m2(p.geom), 'buildings', m.buildings, 'households', m.households, 'cells', p.cells,
        'cell_m', (SELECT value FROM cov_param WHERE key = 'cell_m'), 'days', (SELECT value FROM cov_param WHERE key = 'untouched_days')
    ) AS measure,
    '{}'::jsonb AS subjects,
    m.codes AS grid_codes,
    m.ids AS building_ids,
    p.area_id,
    '[{"action": "patrol"}]'::jsonb AS remedies
FROM place AS p
JOIN member AS m ON (m.area_id, m.number) = (p.area_id, p.number)
