-- Land of an area that no grid claims and no allowed gap excuses: one row per connected
-- gap per area. What two areas both claim is counted with the first. Dust (< dust_m2, the
-- rounding of coordinates) is dropped.
WITH raw AS MATERIALIZED (
    -- What the area's own grids leave; most of it is dust or claimed by a neighbour's grid.
    SELECT a.id AS area_id, d.geom
    FROM cov_area AS a
    LEFT JOIN cov_shell AS s ON s.id = a.id
    CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(coalesce(ST_Difference(a.geom, s.geom), a.geom), 3)) AS d
    WHERE rough_m2(d.geom) > 0.9 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
piece AS MATERIALIZED (
    SELECT r.area_id, d.geom
    FROM raw AS r
    CROSS JOIN LATERAL (
        SELECT ST_Union(ST_CollectionExtract(ST_Intersection(part.geom, r.geom), 3)) AS geom
        FROM (
            SELECT g.geom FROM cov_grid AS g JOIN cov_home AS h ON h.grid_id = g.id
            WHERE g.geom && r.geom AND h.area_id IS DISTINCT FROM r.area_id
            UNION ALL
            SELECT e.geom FROM cov_excluded AS e WHERE e.geom && r.geom
            UNION ALL
            SELECT o.geom FROM cov_area AS o WHERE o.geom && r.geom AND o.id < r.area_id
        ) AS part
    ) AS taken
    CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(coalesce(ST_Difference(r.geom, taken.geom), r.geom), 3)) AS d
),
measured AS MATERIALIZED (
    SELECT p.*, area_m2(p.geom) AS area_m2 FROM piece AS p
),
gap AS MATERIALIZED (
    SELECT row_number() OVER () AS id, m.*, gap_width(m.geom) AS width_m
    FROM measured AS m
    WHERE m.area_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
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
neighbour AS MATERIALIZED (
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
