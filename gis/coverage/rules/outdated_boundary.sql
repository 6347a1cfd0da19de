-- Grids whose ground has changed since they were drawn (valid_from): a new estate of estate_households_min
-- households or more, demolished_min buildings taken down or more, or new and demolished ones together more than
-- changed_share_min of its buildings. One row per grid.
WITH stock AS MATERIALIZED (
    SELECT a.grid_id, b.id, b.households, coalesce(b.built_on > g.valid_from AND b.built_on <= n.day AND (b.demolished_on IS NULL OR b.demolished_on > n.day), false) AS fresh,
        coalesce(b.demolished_on >= g.valid_from AND b.demolished_on <= n.day, false) AS gone,
        b.demolished_on IS NOT NULL AND b.demolished_on < g.valid_from AS past, greatest(b.built_on, b.demolished_on) AS at
    FROM (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS a
    JOIN cov_building AS b ON b.id = a.building_id
    JOIN cov_grid AS g ON g.id = a.grid_id
    CROSS JOIN cov_now AS n
),
sums AS (
    SELECT grid_id, count(*) FILTER (WHERE NOT past) AS buildings, count(*) FILTER (WHERE fresh) AS fresh,
        coalesce(sum(households) FILTER (WHERE fresh), 0) AS households, count(*) FILTER (WHERE gone) AS gone,
        array_agg(id ORDER BY id) FILTER (WHERE fresh OR gone) AS ids, max(at) FILTER (WHERE fresh OR gone) AS latest
    FROM stock
    GROUP BY grid_id
    HAVING bool_or(fresh OR gone)
)
SELECT
    'warn' AS severity,
    g.geom,
    jsonb_build_object(
        'area_m2', area_m2(g.geom), 'buildings', s.fresh + s.gone, 'households', s.households, 'fresh', s.fresh, 'gone', s.gone,
        'share', round((s.fresh + s.gone) / greatest(s.buildings, 1)::numeric, 4)
    ) AS measure,
    jsonb_build_object('kind', CASE WHEN s.gone = 0 THEN 'new' WHEN s.fresh = 0 THEN 'demolished' ELSE 'both' END,
        'drawn', g.valid_from, 'latest', s.latest) AS subjects,
    ARRAY[g.code] AS grid_codes,
    s.ids AS building_ids,
    h.area_id,
    jsonb_build_array(jsonb_build_object('action', 'redraw', 'grid', g.code)) AS remedies
FROM sums AS s
JOIN cov_grid AS g ON g.id = s.grid_id
JOIN cov_home AS h ON h.grid_id = g.id
WHERE s.households >= (SELECT value FROM cov_param WHERE key = 'estate_households_min')
   OR s.gone >= (SELECT value FROM cov_param WHERE key = 'demolished_min')
   OR (s.fresh + s.gone) > 1 AND (s.fresh + s.gone) >= (SELECT value FROM cov_param WHERE key = 'changed_share_min') * s.buildings
