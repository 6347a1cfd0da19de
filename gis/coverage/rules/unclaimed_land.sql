-- Land of an area that no grid claims and no allowed gap excuses: one row per gap (cov_gap).
WITH building AS (
    SELECT g.id, count(*) AS buildings, coalesce(sum(l.households), 0) AS households,
        array_agg(l.id ORDER BY l.id) AS ids
    FROM cov_gap AS g
    JOIN cov_loose AS l ON l.geom && g.geom AND ST_Covers(g.geom, l.geom)
    GROUP BY g.id
),
incident AS (
    SELECT g.id, count(*) AS incidents
    FROM cov_gap AS g
    JOIN cov_incident AS i ON i.geom && g.geom AND ST_Covers(g.geom, i.geom)
    GROUP BY g.id
),
neighbour AS MATERIALIZED (
    SELECT g.id, n.code,
        ST_Length(metric(ST_Intersection(
            ST_Boundary(g.geom),
            ST_Buffer(ST_ClipByBox2D(ST_Boundary(n.geom), ST_Envelope(ST_Expand(g.geom, 0.00001))), 1e-9, 'quad_segs=1')
        ), ST_XMin(g.geom))) AS shared_m
    FROM cov_gap AS g
    JOIN cov_grid AS n ON n.geom && ST_Expand(g.geom, 1e-9) AND ST_DWithin(n.geom, g.geom, 1e-9)
),
ranked AS (
    SELECT id, code, shared_m, row_number() OVER (PARTITION BY id ORDER BY shared_m DESC, code) AS place
    FROM neighbour
    WHERE shared_m > 0.001
),
remedy AS (
    SELECT id, array_agg(code ORDER BY place) AS codes,
        jsonb_agg(jsonb_build_object('action', 'give_to', 'grid', code, 'shared_m', round(shared_m::numeric, 2)) ORDER BY place) AS remedies
    FROM ranked
    WHERE place <= 3
    GROUP BY id
)
SELECT
    CASE WHEN g.width_m < (SELECT value FROM cov_param WHERE key = 'sliver_width_m') THEN 'hint' ELSE 'blind' END AS severity,
    g.geom,
    jsonb_build_object(
        'area_m2', g.area_m2, 'width_m', g.width_m,
        'sliver', g.width_m < (SELECT value FROM cov_param WHERE key = 'sliver_width_m'),
        'buildings', coalesce(b.buildings, 0), 'households', coalesce(b.households, 0),
        'incidents', coalesce(i.incidents, 0)
    ) AS measure,
    '{}'::jsonb AS subjects,
    coalesce(r.codes, '{}') AS grid_codes,
    coalesce(b.ids, '{}') AS building_ids,
    g.area_id,
    coalesce(r.remedies, '[{"action": "new_grid"}, {"action": "exclude"}]'::jsonb) AS remedies
FROM cov_gap AS g
LEFT JOIN building AS b USING (id)
LEFT JOIN incident AS i USING (id)
LEFT JOIN remedy AS r USING (id)
