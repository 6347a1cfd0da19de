-- Buildings a border runs through: footprints cut by it (with the share of each grid), and
-- points without a footprint that lie within border_distance_m of it.
WITH touched AS MATERIALIZED (
    -- A footprint that is cut reaches out of a grid that its point lies near, or its point is loose.
    SELECT b.id, b.households, b.footprint
    FROM cov_grid AS g
    JOIN cov_building AS b ON b.geom && g.geom
    WHERE b.footprint IS NOT NULL AND NOT ST_Covers(g.geom, b.footprint) AND ST_Intersects(g.geom, b.footprint)
    UNION
    SELECT b.id, b.households, b.footprint
    FROM cov_loose AS l
    JOIN cov_building AS b ON b.id = l.id
    WHERE b.footprint IS NOT NULL
),
share AS MATERIALIZED (
    SELECT t.id, t.households, t.footprint, g.id AS grid_id, g.code,
        ST_Area(ST_Intersection(t.footprint, g.geom)) / nullif(ST_Area(t.footprint), 0) AS share,
        area_m2(t.footprint) AS size_m2
    FROM touched AS t
    JOIN cov_grid AS g ON g.geom && t.footprint AND ST_Intersects(g.geom, t.footprint)
),
cut AS MATERIALIZED (
    SELECT id, max(households) AS households, footprint, max(size_m2) AS size_m2,
        array_agg(code ORDER BY share DESC, code, grid_id) AS codes,
        array_agg(grid_id ORDER BY share DESC, code, grid_id) AS grids,
        array_agg(share ORDER BY share DESC, code, grid_id) AS shares
    FROM share
    WHERE share * size_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
    GROUP BY id, footprint
    HAVING bool_or((1 - share) * size_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2'))
),
close AS MATERIALIZED (
    SELECT b.id, b.geom, b.households, p.grid_id, min(m.metres) AS metres
    FROM cov_border AS p
    CROSS JOIN LATERAL (
        SELECT value / (110500 * greatest(cos(radians(ST_YMin(p.geom))), 0.01)) * 1.02 AS lon, value / 110500 * 1.02 AS lat
        FROM cov_param WHERE key = 'border_distance_m'
    ) AS reach
    JOIN cov_building AS b ON b.geom && ST_Expand(p.geom, reach.lon, reach.lat)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN ST_DWithin(b.geom, p.geom, reach.lon)
            THEN ST_Distance(metric(b.geom, ST_X(b.geom)), metric(p.geom, ST_X(b.geom))) END AS metres
    ) AS m
    WHERE (SELECT value FROM cov_param WHERE key = 'pointlike') > 0
      AND NOT b.has_footprint
      AND m.metres < (SELECT value FROM cov_param WHERE key = 'border_distance_m')
    GROUP BY b.id, b.geom, b.households, p.grid_id
),
pressed AS (
    SELECT c.id, c.geom, c.households, min(c.metres) AS metres,
        array_agg(g.code ORDER BY s.grid_id IS NULL, c.metres, g.code, c.grid_id) AS codes,
        (array_agg(g.id ORDER BY s.grid_id IS NULL, c.metres, g.code, c.grid_id))[1] AS best
    FROM close AS c
    JOIN cov_grid AS g ON g.id = c.grid_id
    LEFT JOIN cov_assignment AS s ON s.building_id = c.id AND s.grid_id = c.grid_id
    GROUP BY c.id, c.geom, c.households
)
SELECT
    'warn' AS severity,
    c.footprint AS geom,
    jsonb_build_object(
        'area_m2', c.size_m2, 'buildings', 1, 'households', coalesce(c.households, 0),
        'share', c.shares[1], 'outside_m2', c.size_m2 * (1 - c.shares[1])
    ) AS measure,
    jsonb_build_object('kind', 'cut', 'shares', (
        SELECT jsonb_agg(jsonb_build_object('grid', u.code, 'share', round(u.share::numeric, 4)))
        FROM unnest(c.codes, c.shares) AS u(code, share)
    )) AS subjects,
    c.codes AS grid_codes,
    ARRAY[c.id] AS building_ids,
    h.area_id,
    jsonb_build_array(jsonb_build_object('action', 'assign_to', 'grid', c.codes[1], 'share', round(c.shares[1]::numeric, 4)), '{"action": "move_border"}'::jsonb) AS remedies
FROM cut AS c
LEFT JOIN cov_home AS h ON h.grid_id = c.grids[1]
UNION ALL
SELECT
    'warn', p.geom,
    jsonb_build_object('area_m2', 0, 'buildings', 1, 'households', coalesce(p.households, 0), 'distance_m', p.metres),
    '{"kind": "near"}'::jsonb,
    p.codes, ARRAY[p.id], h.area_id,
    jsonb_build_array(jsonb_build_object('action', 'assign_to', 'grid', p.codes[1]), '{"action": "move_border"}'::jsonb)
FROM pressed AS p
LEFT JOIN cov_home AS h ON h.grid_id = p.best
