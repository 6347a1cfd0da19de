-- Land that two grids of the network both claim: one row per pair of grids. Where three
-- grids overlap, each of the three pairs has its row; the land counted once is in the summary.
-- A group of grids whose areas add up to that of their union holds no overlap, so pairs are
-- compared only within groups that do not add up, and across groups that overlap.
WITH crossing AS MATERIALIZED (
    SELECT s.id AS s_id, t.id AS t_id
    FROM cov_shell AS s
    JOIN cov_shell AS t ON s.geom && t.geom AND s.id < t.id
    WHERE (s.id IN (SELECT id FROM cov_unit) OR t.id IN (SELECT id FROM cov_unit))
        AND rough_m2(ST_Intersection(s.geom, t.geom)) > 0.2 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
    UNION ALL
    SELECT s.id, s.id
    FROM cov_unit AS u
    JOIN cov_shell AS s ON s.id = u.id
    WHERE s.excess_m2 > 0.2 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
candidate AS MATERIALIZED (
    -- The grid of the lower code is a, whatever order the grids were stored in.
    SELECT DISTINCT
        CASE WHEN (ga.code, ga.id) < (gb.code, gb.id) THEN ga.id ELSE gb.id END AS a_id,
        CASE WHEN (ga.code, ga.id) < (gb.code, gb.id) THEN gb.id ELSE ga.id END AS b_id
    FROM crossing AS c
    JOIN cov_home AS a ON a.shell_id = c.s_id
    JOIN cov_grid AS ga ON ga.id = a.grid_id
    JOIN cov_grid AS gb ON gb.geom && ga.geom AND gb.id <> ga.id
    JOIN cov_home AS b ON b.grid_id = gb.id AND b.shell_id = c.t_id
),
pair AS MATERIALIZED (
    SELECT a.id AS a_id, b.id AS b_id, a.code AS a_code, b.code AS b_code,
        ST_Area(a.geom) AS a_size, ST_Area(b.geom) AS b_size,
        ST_CollectionExtract(ST_Intersection(a.geom, b.geom), 3) AS geom
    FROM candidate AS c
    JOIN cov_grid AS a ON a.id = c.a_id
    JOIN cov_grid AS b ON b.id = c.b_id
),
measured AS MATERIALIZED (
    SELECT p.*, area_m2(p.geom) AS area_m2 FROM pair AS p WHERE NOT ST_IsEmpty(p.geom)
),
overlap AS MATERIALIZED (
    SELECT m.*, gap_width(m.geom) AS width_m
    FROM measured AS m
    WHERE m.area_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
building AS (
    SELECT o.a_id, o.b_id, count(*) AS buildings, coalesce(sum(b.households), 0) AS households,
        array_agg(b.id ORDER BY b.id) AS ids
    FROM overlap AS o
    JOIN cov_building AS b ON b.geom && o.geom AND ST_Covers(o.geom, b.geom)
    GROUP BY o.a_id, o.b_id
),
judged AS MATERIALIZED (
    SELECT o.*, o.width_m < (SELECT value FROM cov_param WHERE key = 'sliver_width_m') AS sliver,
        ST_Length(ST_Intersection(ST_Boundary(o.geom), ST_Boundary(ga.geom))) AS a_border,
        ST_Length(ST_Intersection(ST_Boundary(o.geom), ST_Boundary(gb.geom))) AS b_border
    FROM overlap AS o
    JOIN cov_grid AS ga ON ga.id = o.a_id
    JOIN cov_grid AS gb ON gb.id = o.b_id
)
SELECT
    CASE WHEN j.sliver OR j.area_m2 <= 1 THEN 'hint' ELSE 'block' END AS severity,
    j.geom,
    jsonb_build_object(
        'area_m2', j.area_m2, 'width_m', j.width_m, 'sliver', j.sliver,
        'buildings', coalesce(b.buildings, 0), 'households', coalesce(b.households, 0)
    ) AS measure,
    '{}'::jsonb AS subjects,
    ARRAY[j.a_code, j.b_code] AS grid_codes,
    coalesce(b.ids, '{}') AS building_ids,
    h.area_id,
    -- Cut from a grid, the overlap's edge inside the other one becomes the new border: the
    -- grid whose own border the overlap follows least surrounds it most.
    jsonb_build_array(
        jsonb_build_object('action', 'longest_border', 'grid', CASE WHEN j.a_border <= j.b_border THEN j.a_code ELSE j.b_code END),
        jsonb_build_object('action', 'larger', 'grid', CASE WHEN j.a_size >= j.b_size THEN j.a_code ELSE j.b_code END),
        jsonb_build_object('action', 'smaller', 'grid', CASE WHEN j.a_size >= j.b_size THEN j.b_code ELSE j.a_code END)
    ) AS remedies
FROM judged AS j
LEFT JOIN building AS b ON b.a_id = j.a_id AND b.b_id = j.b_id
LEFT JOIN cov_home AS h ON h.grid_id = j.a_id
