-- What of a grid lies outside its home area (one row per grid), and each detached piece of
-- a grid in several pieces, all but the largest. Home is the declared area, else the one
-- that holds most of the grid.
WITH own AS MATERIALIZED ( -- a local run has more areas at hand than it judges: no overlay for those
    SELECT s.area_id, s.geom, a.geom AS land
    FROM cov_unit AS u
    JOIN cov_shell AS s ON s.id = u.id
    LEFT JOIN cov_area AS a ON a.id = s.id
),
beyond AS MATERIALIZED (
    -- Where the grids of an area together reach out of it.
    SELECT o.area_id, d.geom
    FROM own AS o
    CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(coalesce(ST_Difference(o.geom, o.land), o.geom), 3)) AS d
    WHERE rough_m2(d.geom) > 0.9 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
suspect AS MATERIALIZED (
    SELECT DISTINCT h.grid_id, h.area_id, h.declared
    FROM beyond AS b
    JOIN cov_grid AS g ON g.geom && b.geom
    JOIN cov_home AS h ON h.grid_id = g.id AND h.area_id IS NOT DISTINCT FROM b.area_id
),
first AS MATERIALIZED (
    SELECT g.id, g.code, g.geom, s.declared, s.area_id,
        coalesce(ST_CollectionExtract(ST_Difference(g.geom, a.geom), 3), g.geom) AS stray
    FROM suspect AS s
    JOIN cov_grid AS g ON g.id = s.grid_id
    LEFT JOIN cov_area AS a ON a.id = s.area_id
),
homed AS MATERIALIZED (
    SELECT f.id, f.code, f.area_id, f.stray
    FROM first AS f
    WHERE f.declared OR ST_Area(f.stray) <= ST_Area(f.geom) / 2
    UNION ALL
    SELECT f.id, f.code, best.id, coalesce(ST_CollectionExtract(ST_Difference(f.geom, best.geom), 3), f.geom)
    FROM first AS f
    LEFT JOIN LATERAL (
        SELECT h.id, h.geom
        FROM (
            SELECT a.id, a.geom, ST_Area(ST_Intersection(a.geom, f.geom)) AS held
            FROM cov_area AS a
            WHERE a.geom && f.geom
            OFFSET 0
        ) AS h
        WHERE h.held > 0
        ORDER BY h.held DESC, h.id
        LIMIT 1
    ) AS best ON true
    WHERE NOT (f.declared OR ST_Area(f.stray) <= ST_Area(f.geom) / 2)
),
bit AS MATERIALIZED (
    SELECT h.id, h.code, h.area_id, d.geom, area_m2(d.geom) AS area_m2, ST_PointOnSurface(d.geom) AS inside
    FROM homed AS h
    CROSS JOIN LATERAL ST_Dump(h.stray) AS d
    WHERE rough_m2(d.geom) > 0.9 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
gathered AS MATERIALIZED (
    SELECT b.id, b.code, b.area_id, sum(b.area_m2) AS area_m2, ST_Collect(b.geom) AS geom
    FROM bit AS b
    WHERE b.area_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
    GROUP BY b.id, b.code, b.area_id
),
outside AS MATERIALIZED (
    SELECT g.*, gap_width(g.geom) AS width_m FROM gathered AS g
),
elsewhere AS (
    SELECT o.id, array_agg(o.code ORDER BY o.code) AS codes, array_agg(o.name ORDER BY o.code) AS names
    FROM (
        SELECT DISTINCT b.id, a.code, coalesce(nullif(a.name, ''), a.code) AS name
        FROM bit AS b
        JOIN cov_area AS a ON a.geom && b.inside AND ST_Covers(a.geom, b.inside)
        WHERE b.area_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
    ) AS o
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
found AS MATERIALIZED (
    SELECT o.id, 'outside' AS kind, 1::bigint AS place, o.code, o.area_id, o.geom, o.area_m2, o.width_m,
        o.width_m < (SELECT value FROM cov_param WHERE key = 'sliver_width_m') AS sliver,
        NULL::integer AS parts, e.codes, e.names
    FROM outside AS o
    LEFT JOIN elsewhere AS e USING (id)
    UNION ALL
    SELECT p.id, 'detached', p.place, p.code, p.area_id, p.geom, area_m2(p.geom), NULL,
        NULL, p.parts, NULL, NULL
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
    jsonb_strip_nulls(jsonb_build_object(
        'kind', f.kind, 'areas', to_jsonb(f.codes), 'area_names', to_jsonb(f.names)
    )) AS subjects,
    ARRAY[f.code] AS grid_codes,
    coalesce(b.ids, '{}') AS building_ids,
    f.area_id,
    CASE WHEN f.kind = 'detached'
        THEN jsonb_build_array(jsonb_build_object('action', 'join_piece', 'grid', f.code), '{"action": "new_grid"}'::jsonb)
        ELSE jsonb_build_array(jsonb_build_object('action', 'cut_back', 'grid', f.code), jsonb_build_object('action', 'ask_division'))
    END AS remedies
FROM found AS f
LEFT JOIN building AS b ON b.id = f.id AND b.kind = f.kind AND b.place = f.place
