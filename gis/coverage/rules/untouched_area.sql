-- Land where people live that nobody touched in untouched_days: cells of cell_m metres that hold
-- buildings with households and saw neither a visit, nor the counted part of a track, nor an incident. The
-- lattice is fixed: rows from the equator, columns from Greenwich, in bands of a tenth of a degree, so that it
-- needs no projection. A touch counts for the cells of a community when it lies in the box around it.
-- Neighbouring cells of one community are one finding. Nothing is judged in a network without visits.
WITH span AS (
    SELECT n.at - make_interval(days => d.value::integer) AS begins, n.at AS ends, c.value AS cell
    FROM cov_now AS n, cov_param AS d, cov_param AS c
    WHERE d.key = 'untouched_days' AND c.key = 'cell_m' AND EXISTS (SELECT FROM cov_visit WHERE grid_code IS NOT NULL)
),
lived AS MATERIALIZED (
    SELECT h.area_id, b.id, b.households, f.band, f.wide, f.high, floor(ST_X(b.geom) / f.wide)::integer AS col, floor(ST_Y(b.geom) / f.high)::integer AS row
    FROM span AS s
    CROSS JOIN cov_building AS b
    JOIN (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS a ON a.building_id = b.id
    JOIN cov_home AS h ON h.grid_id = a.grid_id
    CROSS JOIN LATERAL (
        SELECT floor(ST_Y(b.geom) * 10)::integer AS band, s.cell / (111320 * cos(radians((floor(ST_Y(b.geom) * 10) + 0.5) / 10))) AS wide,
            s.cell / 110574 AS high
    ) AS f
    WHERE b.households > 0 AND b.demolished_on IS NULL AND h.area_id IS NOT NULL
),
touch AS (
    SELECT coalesce(v.geom, b.geom) AS geom
    FROM span AS s
    JOIN cov_visit AS v ON v.visited_at > s.begins AND v.visited_at <= s.ends
    LEFT JOIN cov_building AS b ON v.geom IS NULL AND b.id = v.building_id
    UNION ALL
    SELECT i.geom FROM span AS s JOIN cov_incident AS i ON i.occurred_at > s.begins AND i.occurred_at <= s.ends
    UNION ALL
    SELECT d.geom
    FROM span AS s
    JOIN cov_track AS t ON t.ended_at > s.begins AND t.started_at <= s.ends
    CROSS JOIN LATERAL ST_DumpPoints(ST_Segmentize(t.geom, s.cell / 222000)) AS d
),
seen AS MATERIALIZED (
    SELECT DISTINCT f.band, floor(ST_X(t.geom) / f.wide)::integer AS col, floor(ST_Y(t.geom) / f.high)::integer AS row, a.id AS area_id
    FROM span AS s
    CROSS JOIN touch AS t
    CROSS JOIN LATERAL (
        SELECT floor(ST_Y(t.geom) * 10)::integer AS band, s.cell / (111320 * cos(radians((floor(ST_Y(t.geom) * 10) + 0.5) / 10))) AS wide,
            s.cell / 110574 AS high
    ) AS f
    JOIN cov_area AS a ON a.geom && t.geom
    WHERE t.geom IS NOT NULL
),
bare AS MATERIALIZED (
    SELECT l.area_id, l.band, l.col, l.row, ST_MakeEnvelope(l.col * l.wide, l.row * l.high, (l.col + 1) * l.wide, (l.row + 1) * l.high, 4490) AS geom,
        count(*) AS buildings, sum(l.households) AS households, array_agg(l.id ORDER BY l.id) AS ids
    FROM lived AS l
    WHERE NOT EXISTS (SELECT FROM seen AS s WHERE (s.area_id, s.band, s.col, s.row) = (l.area_id, l.band, l.col, l.row))
    GROUP BY l.area_id, l.band, l.col, l.row, l.wide, l.high
),
clump AS (
    SELECT b.*, ST_ClusterDBSCAN(b.geom, 1e-9, 1) OVER (PARTITION BY b.area_id ORDER BY b.band, b.row, b.col) AS number FROM bare AS b
),
place AS (
    SELECT c.area_id, c.number, ST_Multi(ST_Union(c.geom ORDER BY c.band, c.row, c.col)) AS geom, count(*) AS cells,
        sum(c.buildings) AS buildings, sum(c.households) AS households
    FROM clump AS c
    GROUP BY c.area_id, c.number
    HAVING sum(c.households) >= (SELECT value FROM cov_param WHERE key = 'untouched_households_min')
)
SELECT
    'blind' AS severity,
    p.geom,
    jsonb_build_object(
        'area_m2', area_m2(p.geom), 'buildings', p.buildings, 'households', p.households, 'cells', p.cells,
        'cell_m', (SELECT value FROM cov_param WHERE key = 'cell_m'), 'days', (SELECT value FROM cov_param WHERE key = 'untouched_days')
    ) AS measure,
    '{}'::jsonb AS subjects,
    ARRAY(
        SELECT DISTINCT g.code FROM clump AS c CROSS JOIN unnest(c.ids) AS i (id)
        JOIN cov_assignment AS s ON s.building_id = i.id JOIN cov_grid AS g ON g.id = s.grid_id
        WHERE (c.area_id, c.number) = (p.area_id, p.number) ORDER BY 1
    ) AS grid_codes,
    ARRAY(SELECT i.id FROM clump AS c CROSS JOIN unnest(c.ids) AS i (id) WHERE (c.area_id, c.number) = (p.area_id, p.number) ORDER BY 1) AS building_ids,
    p.area_id,
    '[{"action": "patrol"}]'::jsonb AS remedies
FROM place AS p
