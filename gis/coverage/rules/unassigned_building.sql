-- Buildings whose point lies in no grid (one row each, with the nearest grid), and buildings
-- whose file names another grid than the one they lie in. The grid nearest in degrees gives a
-- distance; within that distance the nearest in metres is taken.
WITH first AS MATERIALIZED (
    SELECT l.id, l.households, l.geom, (SELECT g.id FROM cov_grid AS g ORDER BY g.geom <-> l.geom LIMIT 1) AS grid_id
    FROM cov_loose AS l
),
reach AS MATERIALIZED (
    SELECT f.*, ST_Length(metric(ST_ShortestLine(g.geom, f.geom), ST_X(f.geom))) AS metres
    FROM first AS f
    LEFT JOIN cov_grid AS g ON g.id = f.grid_id
),
rival AS MATERIALIZED (
    SELECT r.id, g.id AS grid_id,
        ST_Distance(metric(ST_ClipByBox2D(ST_Boundary(g.geom), b.box), ST_X(r.geom)), metric(r.geom, ST_X(r.geom))) AS metres
    FROM reach AS r
    CROSS JOIN LATERAL (
        SELECT ST_Expand(
            r.geom,
            r.metres * 1.01 / (110500 * greatest(cos(radians(ST_Y(r.geom))), 0.01)) + 1e-9,
            r.metres * 1.01 / 110500 + 1e-9
        ) AS box
    ) AS b
    JOIN cov_grid AS g ON g.geom && b.box AND g.id <> r.grid_id
    WHERE r.metres < 20000
),
best AS (
    SELECT DISTINCT ON (id) id, grid_id, metres FROM rival WHERE metres IS NOT NULL ORDER BY id, metres, grid_id
),
nearest AS (
    SELECT r.id, r.households, r.geom,
        CASE WHEN b.metres < r.metres THEN b.grid_id ELSE r.grid_id END AS grid_id, least(b.metres, r.metres) AS metres
    FROM reach AS r
    LEFT JOIN best AS b USING (id)
)
SELECT
    'blind' AS severity,
    n.geom,
    jsonb_build_object('area_m2', 0, 'buildings', 1, 'households', coalesce(n.households, 0), 'distance_m', n.metres) AS measure,
    '{"kind": "loose"}'::jsonb AS subjects,
    CASE WHEN g.id IS NULL THEN '{}' ELSE ARRAY[g.code] END AS grid_codes,
    ARRAY[n.id] AS building_ids,
    p.area_id,
    CASE WHEN g.id IS NULL THEN '[{"action": "new_grid"}]'::jsonb ELSE
        jsonb_build_array(jsonb_build_object('action', 'assign_to', 'grid', g.code, 'distance_m', round(n.metres::numeric, 2)))
    END AS remedies
FROM nearest AS n
LEFT JOIN cov_grid AS g ON g.id = n.grid_id
LEFT JOIN cov_place AS p ON p.building_id = n.id
UNION ALL
SELECT
    'warn', b.geom,
    jsonb_build_object('area_m2', 0, 'buildings', 1, 'households', coalesce(b.households, 0)),
    jsonb_build_object('kind', 'declared', 'declared_grid', d.grid_code),
    array_agg(g.code ORDER BY g.code),
    ARRAY[b.id],
    min(h.area_id),
    jsonb_build_array(
        jsonb_build_object('action', 'assign_to', 'grid', min(g.code)),
        jsonb_build_object('action', 'correct_place', 'grid', d.grid_code)
    )
FROM cov_declared AS d
JOIN cov_building AS b ON b.id = d.building_id
JOIN cov_assignment AS s ON s.building_id = b.id
JOIN cov_grid AS g ON g.id = s.grid_id
LEFT JOIN cov_home AS h ON h.grid_id = g.id
GROUP BY b.id, b.geom, b.households, d.grid_code
HAVING bool_and(g.code <> d.grid_code)
