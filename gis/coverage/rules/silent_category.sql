-- What each grid reported in the last silent_days, by kind and category: one row per
-- grid with the categories it reported and how often, over all incidents of the grid's day. The
-- module silent.py beside this file judges them: who reports far less of a category than its peers.
WITH span AS (
    SELECT n.at - make_interval(days => p.value::integer) AS begins, n.at AS ends
    FROM cov_now AS n, cov_param AS p WHERE p.key = 'silent_days'
),
reported AS (
    SELECT i.grid_code, i.kind, i.category, count(*)::integer AS times
    FROM cov_incident AS i, span AS s
    WHERE i.occurred_at > s.begins AND i.occurred_at <= s.ends AND i.grid_code IS NOT NULL AND i.category <> ''
    GROUP BY i.grid_code, i.kind, i.category
),
sums AS (
    SELECT grid_code, array_agg(kind ORDER BY kind, category) AS kinds,
        array_agg(category ORDER BY kind, category) AS categories, array_agg(times ORDER BY kind, category) AS counts
    FROM reported GROUP BY grid_code
),
load AS (
    SELECT s.grid_id, count(*)::integer AS buildings, coalesce(sum(b.households), 0)::integer AS households
    FROM cov_assignment AS s JOIN cov_building AS b ON b.id = s.building_id
    GROUP BY s.grid_id
)
SELECT
    g.code AS grid, coalesce(g.kind, '') AS grid_kind, coalesce(d.id, 0) AS street, h.area_id,
    ST_AsBinary(g.geom) AS geom, area_m2(g.geom) AS area_m2,
    coalesce(l.buildings, 0) AS buildings, coalesce(l.households, 0) AS households,
    s.kinds, s.categories, s.counts
FROM cov_grid AS g
JOIN sums AS s ON s.grid_code = g.code
LEFT JOIN cov_home AS h ON h.grid_id = g.id
LEFT JOIN cov_division AS d ON d.area_id = h.area_id AND d.level = 'street'
LEFT JOIN load AS l ON l.grid_id = g.id
ORDER BY g.code
