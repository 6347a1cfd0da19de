-- Long thin strips of unclaimed land between two communities, along a road, a river or a railway: what each
-- side takes for the other's. A gap of cov_gap that is no sliver, narrower than seam_width_max_m and at least
-- seam_ratio_min times as long as wide, of which more than half the length lies within seam_line_m of one
-- line, and within the same distance of another community. The land itself is in unclaimed_land, which
-- counts for the headline; this row says why it is nobody's.
WITH strip AS MATERIALIZED (
    SELECT g.id, g.area_id, g.geom, g.area_m2, g.width_m, g.area_m2 / g.width_m AS length_m, metric(g.geom, ST_XMin(g.geom)) AS flat
    FROM cov_gap AS g
    WHERE g.width_m >= (SELECT value FROM cov_param WHERE key = 'sliver_width_m')
      AND g.width_m <= (SELECT value FROM cov_param WHERE key = 'seam_width_max_m')
      AND g.area_m2 / g.width_m >= (SELECT value FROM cov_param WHERE key = 'seam_ratio_min') * g.width_m
),
reach AS (
    SELECT s.id, value / (110500 * greatest(cos(radians(ST_YMax(s.geom))), 0.01)) * 1.02 AS lon, value AS metres
    FROM strip AS s, cov_param WHERE key = 'seam_line_m'
),
line AS (
    SELECT 'road' AS kind, r.name, CASE WHEN r.kind = 'rail' THEN 'rail' ELSE 'road' END AS sort, r.geom FROM cov_road AS r
    UNION ALL
    SELECT 'water', w.name, 'river', w.geom FROM cov_water AS w
    UNION ALL
    SELECT 'excluded', coalesce(nullif(e.name, ''), e.reason), 'excluded', e.geom FROM cov_excluded AS e
),
along AS (
    SELECT DISTINCT ON (s.id) s.id, l.sort, l.name, ST_Area(ST_Intersection(s.flat, ST_Buffer(f.geom, r.metres))) / s.area_m2 AS share
    FROM strip AS s
    JOIN reach AS r ON r.id = s.id
    JOIN line AS l ON l.geom && ST_Expand(s.geom, r.lon) AND ST_DWithin(l.geom, s.geom, r.lon)
    CROSS JOIN LATERAL (SELECT metric(ST_ClipByBox2D(l.geom, ST_Expand(s.geom, 2 * r.lon)::box2d), ST_XMin(s.geom)) AS geom) AS f
    ORDER BY s.id, share DESC, l.sort, l.name
),
beside AS (
    SELECT DISTINCT ON (s.id) s.id, a.id AS area_id, a.code, a.name,
        ST_Area(ST_Intersection(s.flat, ST_Buffer(metric(ST_ClipByBox2D(a.geom, ST_Expand(s.geom, 2 * r.lon)::box2d), ST_XMin(s.geom)), r.metres))) / s.area_m2 AS share
    FROM strip AS s
    JOIN reach AS r ON r.id = s.id
    JOIN cov_area AS a ON a.id <> s.area_id AND a.geom && ST_Expand(s.geom, r.lon) AND ST_DWithin(a.geom, s.geom, r.lon)
    ORDER BY s.id, share DESC, a.code
),
building AS (
    SELECT s.id, count(*) AS buildings, coalesce(sum(l.households), 0) AS households, array_agg(l.id ORDER BY l.id) AS ids
    FROM strip AS s
    JOIN cov_loose AS l ON l.geom && s.geom AND ST_Covers(s.geom, l.geom)
    GROUP BY s.id
),
near AS (
    SELECT s.id, array_agg(g.code ORDER BY g.code) AS codes
    FROM strip AS s
    JOIN cov_grid AS g ON g.geom && ST_Expand(s.geom, 1e-9) AND ST_DWithin(g.geom, s.geom, 1e-9)
    GROUP BY s.id
)
SELECT
    'warn' AS severity,
    s.geom,
    jsonb_build_object(
        'area_m2', s.area_m2, 'width_m', s.width_m, 'length_m', s.length_m, 'buildings', coalesce(b.buildings, 0), 'households', coalesce(b.households, 0)
    ) AS measure,
    jsonb_build_object('line', a.sort, 'name', a.name, 'other', o.code, 'other_name', o.name) AS subjects,
    coalesce(n.codes, '{}') AS grid_codes,
    coalesce(b.ids, '{}') AS building_ids,
    s.area_id,
    '[{"action": "agree"}, {"action": "exclude"}]'::jsonb AS remedies
FROM strip AS s
JOIN along AS a ON a.id = s.id AND a.share > 0.5
JOIN beside AS o ON o.id = s.id AND o.share > 0.5
LEFT JOIN building AS b ON b.id = s.id
LEFT JOIN near AS n ON n.id = s.id
