-- Buildings whose point lies in no grid (one row each, with the nearest grid), and buildings
-- whose file names another grid than the one they lie in. The grid nearest in degrees gives a
-- distance; within that distance the nearest in metres is taken.
WITH near AS MATERIALIZED (
    SELECT l.id, l.households, l.geom, f.id AS grid_id,
        ST_Length(metric(ST_ShortestLine(f.geom, l.geom), ST_X(l.geom))) AS metres
    FROM cov_loose AS l
    LEFT JOIN LATERAL (SELECT g.id, g.geom FROM cov_grid AS g ORDER BY g.geom <-> l.geom LIMIT 1) AS f ON true
),
reach AS MATERIALIZED (
    SELECT n.*, ST_Expand(
        n.geom,
        n.metres * 1.01 / (110500 * greatest(cos(radians(ST_Y(n.geom))), 0.01)) + 1e-9,
        n.metres * 1.01 / 110500 + 1e-9
    ) AS box
    FROM near AS n
),
nearest AS MATERIALIZED (
    SELECT r.id, r.households, r.geom, coalesce(best.grid_id, r.grid_id) AS grid_id, coalesce(best.metres, r.metres) AS metres
    FROM reach AS r
    LEFT JOIN LATERAL (
        SELECT g.id AS grid_id,
            ST_Distance(metric(ST_ClipByBox2D(ST_Boundary(g.geom), r.box), ST_X(r.geom)), metric(r.geom, ST_X(r.geom))) AS metres
        FROM cov_grid AS g
        WHERE r.metres < 20000 AND g.geom && r.box
        ORDER BY metres, g.id
        LIMIT 1
    ) AS best ON true
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
    array_agg(g.code ORDER BY g.id),
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
