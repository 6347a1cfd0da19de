-- cov_home: the area each grid belongs to: the one its file declares, else the one under a
-- point inside the grid. Null where there is none.
WITH inner_point AS MATERIALIZED (
    SELECT id, ST_PointOnSurface(geom) AS geom FROM cov_grid
),
under AS (
    SELECT p.id, min(a.id) AS area_id
    FROM cov_area AS a
    JOIN inner_point AS p ON ST_Covers(a.geom, p.geom)
    GROUP BY p.id
)
SELECT g.id AS grid_id, coalesce(d.id, u.area_id) AS area_id, d.id IS NOT NULL AS declared
FROM cov_grid AS g
LEFT JOIN cov_area AS d ON d.code = g.area_code
LEFT JOIN under AS u ON u.id = g.id
