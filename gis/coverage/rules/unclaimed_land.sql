-- Land of an area that no grid claims and no allowed gap excuses: one row per connected
-- gap per area. What two areas both claim is counted with the first. Dust (< dust_m2, the
-- rounding of coordinates) is dropped.
WITH claimed AS (
    SELECT a.id, a.geom, (
        SELECT ST_Union(part.geom)
        FROM (
            SELECT g.geom FROM cov_grid AS g WHERE g.geom && a.geom
            UNION ALL
            SELECT e.geom FROM cov_excluded AS e WHERE e.geom && a.geom
            UNION ALL
            SELECT o.geom FROM cov_area AS o
            WHERE o.id < a.id AND o.geom && a.geom AND ST_Relate(o.geom, a.geom, '2********')
        ) AS part
    ) AS taken
    FROM cov_area AS a
),
piece AS MATERIALIZED (
    SELECT c.id AS area_id, d.geom
    FROM claimed AS c
    CROSS JOIN LATERAL ST_Dump(
        ST_CollectionExtract(CASE WHEN c.taken IS NULL THEN c.geom ELSE ST_Difference(c.geom, c.taken) END, 3)
    ) AS d
    WHERE rough_m2(d.geom) > 0.9 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
gap AS MATERIALIZED (
    SELECT row_number() OVER () AS id, p.area_id, p.geom, area_m2(p.geom) AS area_m2, gap_width(p.geom) AS width_m
    FROM piece AS p
    WHERE area_m2(p.geom) >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
building AS (
    SELECT g.id, count(*) AS buildings, coalesce(sum(l.households), 0) AS households,
        array_agg(l.id ORDER BY l.id) AS ids
    FROM gap AS g
    JOIN cov_loose AS l ON l.geom && g.geom AND ST_Covers(g.geom, l.geom)
    GROUP BY g.id
),
incident AS (
    SELECT g.id, count(*) AS incidents
    FROM gap AS g
    JOIN cov_incident AS i ON i.geom && g.geom AND ST_Covers(g.geom, i.geom)
    GROUP BY g.id
),
neighbour AS (
    SELECT g.id, n.code,
        ST_Length(metric(ST_Intersection(
            ST_Boundary(g.geom),
            ST_Buffer(ST_ClipByBox2D(ST_Boundary(n.geom), ST_Envelope(ST_Expand(g.geom, 0.00001))), 1e-9, 'quad_segs=1')
        ), ST_XMin(g.geom))) AS shared_m
    FROM gap AS g
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
FROM gap AS g
LEFT JOIN building AS b USING (id)
LEFT JOIN incident AS i USING (id)
LEFT JOIN remedy AS r USING (id)
