-- Grids whose households are below households_min or above households_max. Nothing is
-- judged when no building has households.
WITH load AS (
    SELECT g.id, count(b.id) AS buildings, coalesce(sum(b.households), 0) AS households
    FROM cov_grid AS g
    LEFT JOIN cov_assignment AS s ON s.grid_id = g.id
    LEFT JOIN cov_building AS b ON b.id = s.building_id
    WHERE (SELECT value FROM cov_param WHERE key = 'households_known') > 0
    GROUP BY g.id
),
bound AS (
    SELECT
        (SELECT value FROM cov_param WHERE key = 'households_min') AS low,
        (SELECT value FROM cov_param WHERE key = 'households_max') AS high
)
SELECT
    'warn' AS severity,
    g.geom,
    jsonb_build_object(
        'area_m2', area_m2(g.geom), 'buildings', l.buildings, 'households', l.households,
        'households_min', k.low, 'households_max', k.high
    ) AS measure,
    jsonb_build_object('kind', CASE WHEN l.households > k.high THEN 'large' ELSE 'small' END) AS subjects,
    ARRAY[g.code] AS grid_codes,
    '{}'::bigint[] AS building_ids,
    h.area_id,
    CASE WHEN l.households > k.high
        THEN jsonb_build_array(jsonb_build_object('action', 'split', 'grid', g.code, 'pieces', ceil(l.households / k.high)))
        ELSE jsonb_build_array(jsonb_build_object('action', 'merge', 'grid', g.code))
    END AS remedies
FROM load AS l
JOIN cov_grid AS g USING (id)
CROSS JOIN bound AS k
LEFT JOIN cov_home AS h ON h.grid_id = g.id
WHERE l.households > k.high OR l.households < k.low
