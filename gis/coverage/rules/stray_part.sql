-- What of a grid lies outside its home area (one row per grid), and each detached piece of
-- a grid in several pieces, all but the largest. Home is the declared area, else the one
-- that holds most of the grid.
WITH inside AS MATERIALIZED (
    SELECT h.grid_id
    FROM cov_home AS h
    JOIN cov_area AS a ON a.id = h.area_id
    JOIN cov_grid AS g ON g.id = h.grid_id
    WHERE ST_Covers(a.geom, g.geom)
),
suspect AS MATERIALIZED (
    SELECT g.id, g.code, g.geom, h.declared, h.area_id,
        CASE WHEN a.id IS NULL THEN g.geom ELSE ST_CollectionExtract(ST_Difference(g.geom, a.geom), 3) END AS stray
    FROM cov_grid AS g
    JOIN cov_home AS h ON h.grid_id = g.id
    LEFT JOIN cov_area AS a ON a.id = h.area_id
    WHERE NOT EXISTS (SELECT FROM inside AS i WHERE i.grid_id = g.id)
),
homed AS (
    SELECT s.id, s.code, s.geom, s.area_id, s.stray
    FROM suspect AS s
    WHERE s.declared OR ST_Area(s.stray) <= ST_Area(s.geom) / 2
    UNION ALL
    SELECT s.id, s.code, s.geom, best.id,
        CASE WHEN best.id IS NULL THEN s.geom ELSE ST_CollectionExtract(ST_Difference(s.geom, best.geom), 3) END
    FROM suspect AS s
    LEFT JOIN LATERAL (
        SELECT a.id, a.geom, ST_Area(ST_Intersection(a.geom, s.geom)) AS held
        FROM cov_area AS a
        WHERE a.geom && s.geom AND ST_Relate(a.geom, s.geom, '2********')
        ORDER BY held DESC, a.id
        LIMIT 1
    ) AS best ON true
    WHERE NOT (s.declared OR ST_Area(s.stray) <= ST_Area(s.geom) / 2)
),
outside AS MATERIALIZED (
    SELECT h.*, area_m2(h.stray) AS area_m2, gap_width(h.stray) AS width_m
    FROM homed AS h
    WHERE rough_m2(h.stray) > 0.9 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
      AND area_m2(h.stray) >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
elsewhere AS (
    SELECT o.id, array_agg(a.code ORDER BY a.code) AS codes
    FROM outside AS o
    JOIN cov_area AS a ON a.geom && o.stray AND a.id IS DISTINCT FROM o.area_id AND ST_Relate(a.geom, o.stray, '2********')
    GROUP BY o.id
),
part AS MATERIALIZED (
    SELECT g.id, g.code, h.area_id, d.geom, ST_NumGeometries(g.geom) AS parts,
        row_number() OVER (PARTITION BY g.id ORDER BY ST_Area(d.geom) DESC, d.path) AS place
    FROM cov_grid AS g
    JOIN cov_home AS h ON h.grid_id = g.id
    CROSS JOIN LATERAL ST_Dump(g.geom) AS d
    WHERE ST_NumGeometries(g.geom) > 1
),
found AS (
    SELECT o.id, 'outside' AS kind, 1::bigint AS place, o.code, o.area_id, o.stray AS geom, o.area_m2, o.width_m,
        o.width_m < (SELECT value FROM cov_param WHERE key = 'sliver_width_m') AS sliver,
        NULL::integer AS parts, e.codes
    FROM outside AS o
    LEFT JOIN elsewhere AS e USING (id)
    UNION ALL
    SELECT p.id, 'detached', p.place, p.code, p.area_id, p.geom, area_m2(p.geom), gap_width(p.geom),
        NULL, p.parts, NULL
    FROM part AS p
    WHERE p.place > 1
),
building AS (
    SELECT f.id, f.kind, f.place, count(*) AS buildings, coalesce(sum(b.households), 0) AS households,
        array_agg(b.id ORDER BY b.id) AS ids
    FROM found AS f
    JOIN cov_building AS b ON b.geom && f.geom AND ST_Covers(f.geom, b.geom)
    GROUP BY f.id, f.kind, f.place
)
SELECT
    CASE WHEN f.kind = 'detached' THEN 'warn' WHEN f.sliver THEN 'hint' ELSE 'block' END AS severity,
    f.geom,
    jsonb_strip_nulls(jsonb_build_object(
        'area_m2', f.area_m2, 'width_m', f.width_m, 'sliver', f.sliver, 'parts', f.parts,
        'buildings', coalesce(b.buildings, 0), 'households', coalesce(b.households, 0)
    )) AS measure,
    jsonb_strip_nulls(jsonb_build_object('kind', f.kind, 'areas', to_jsonb(f.codes))) AS subjects,
    ARRAY[f.code] AS grid_codes,
    coalesce(b.ids, '{}') AS building_ids,
    f.area_id,
    CASE WHEN f.kind = 'detached'
        THEN jsonb_build_array(jsonb_build_object('action', 'join_piece', 'grid', f.code), '{"action": "new_grid"}'::jsonb)
        ELSE jsonb_build_array(jsonb_build_object('action', 'cut_back', 'grid', f.code), jsonb_build_object('action', 'ask_division'))
    END AS remedies
FROM found AS f
LEFT JOIN building AS b ON b.id = f.id AND b.kind = f.kind AND b.place = f.place
