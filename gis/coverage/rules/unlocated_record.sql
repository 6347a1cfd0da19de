-- Records whose place cannot be true: none, (0,0), in no area and no grid, or on the
-- centroid of an area together with at least five others. One row per record.
WITH record AS (
    SELECT 'building' AS dataset, b.id, b.geom, b.households FROM cov_building AS b
    WHERE b.geom IS NULL OR b.geom && ST_MakeEnvelope(-1e-6, -1e-6, 1e-6, 1e-6, 4490)
    UNION ALL
    SELECT 'incident', i.id, i.geom, 0 FROM cov_incident AS i
    WHERE i.geom IS NULL OR i.geom && ST_MakeEnvelope(-1e-6, -1e-6, 1e-6, 1e-6, 4490)
),
inside AS (
    SELECT i.id FROM cov_area AS a JOIN cov_incident AS i ON i.geom && a.geom AND ST_Covers(a.geom, i.geom)
    UNION
    SELECT i.id FROM cov_grid AS g JOIN cov_incident AS i ON i.geom && g.geom AND ST_Covers(g.geom, i.geom)
),
middle AS (
    SELECT a.id, ST_Centroid(a.geom) AS geom FROM cov_area AS a
),
heaped AS (
    SELECT m.id AS area_id, 'building' AS dataset, b.id, b.geom, b.households
    FROM middle AS m
    JOIN cov_building AS b ON b.geom && ST_Expand(m.geom, 0.0001)
        AND ST_Distance(metric(b.geom, ST_X(m.geom)), metric(m.geom, ST_X(m.geom))) <= 1
    UNION ALL
    SELECT m.id, 'incident', i.id, i.geom, 0
    FROM middle AS m
    JOIN cov_incident AS i ON i.geom && ST_Expand(m.geom, 0.0001)
        AND ST_Distance(metric(i.geom, ST_X(m.geom)), metric(m.geom, ST_X(m.geom))) <= 1
),
found AS (
    SELECT CASE WHEN geom IS NULL THEN 'none' ELSE 'null_island' END AS kind, dataset, id, geom, households,
        NULL::bigint AS area_id, NULL::bigint AS heap
    FROM record
    UNION ALL
    SELECT 'outside', 'building', l.id, l.geom, l.households, NULL, NULL
    FROM cov_loose AS l
    LEFT JOIN cov_place AS p ON p.building_id = l.id
    WHERE p.building_id IS NULL
    UNION ALL
    SELECT 'outside', 'incident', i.id, i.geom, 0, NULL, NULL
    FROM cov_incident AS i
    WHERE i.geom IS NOT NULL AND NOT i.geom && ST_MakeEnvelope(-1e-6, -1e-6, 1e-6, 1e-6, 4490)
      AND NOT EXISTS (SELECT FROM inside AS s WHERE s.id = i.id)
    UNION ALL
    SELECT 'heaped', h.dataset, h.id, h.geom, h.households, h.area_id, h.heap
    FROM (SELECT *, count(*) OVER (PARTITION BY area_id, dataset) AS heap FROM heaped) AS h
    WHERE h.heap > 5
)
SELECT
    CASE WHEN f.dataset = 'building' AND f.kind IN ('none', 'null_island') THEN 'blind' ELSE 'warn' END AS severity,
    f.geom,
    jsonb_strip_nulls(jsonb_build_object(
        'area_m2', 0, 'buildings', (f.dataset = 'building')::integer, 'households', coalesce(f.households, 0), 'heap', f.heap
    )) AS measure,
    jsonb_build_object('kind', f.kind, 'dataset', f.dataset)
        || CASE WHEN f.dataset = 'incident' THEN jsonb_build_object('incident_id', f.id) ELSE '{}'::jsonb END AS subjects,
    '{}'::text[] AS grid_codes,
    CASE WHEN f.dataset = 'building' THEN ARRAY[f.id] ELSE '{}' END AS building_ids,
    f.area_id,
    CASE f.kind
        WHEN 'outside' THEN '[{"action": "check_datum"}, {"action": "correct_place"}]'::jsonb
        ELSE '[{"action": "correct_place"}]'::jsonb
    END AS remedies
FROM found AS f
