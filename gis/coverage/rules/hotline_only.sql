-- What the patrol found and what the hotline had to tell in each grid in the last hotline_days, by
-- kind of incident: one row per grid, over the incidents of the grid's day. The module passive.py
-- beside this file judges them: where the patrol finds far less than its peers do.
WITH span AS (
    SELECT n.at - make_interval(days => p.value::integer) AS begins, n.at AS ends
    FROM cov_now AS n, cov_param AS p WHERE p.key = 'hotline_days'
),
found AS (
    SELECT i.grid_code, i.kind, count(*) FILTER (WHERE i.channel = 'patrol')::integer AS patrol, count(*)::integer AS total
    FROM cov_incident AS i, span AS s
    WHERE i.occurred_at > s.begins AND i.occurred_at <= s.ends AND i.grid_code IS NOT NULL
      AND i.channel IN ('patrol', 'hotline')
    GROUP BY i.grid_code, i.kind
),
sums AS (
    SELECT grid_code, array_agg(kind ORDER BY kind) AS kinds, array_agg(patrol ORDER BY kind) AS patrols,
        array_agg(total ORDER BY kind) AS totals
    FROM found GROUP BY grid_code
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
    s.kinds, s.patrols, s.totals
FROM cov_grid AS g
JOIN sums AS s ON s.grid_code = g.code
LEFT JOIN cov_home AS h ON h.grid_id = g.id
LEFT JOIN cov_division AS d ON d.area_id = h.area_id AND d.level = 'street'
LEFT JOIN load AS l ON l.grid_id = g.id
ORDER BY g.code
