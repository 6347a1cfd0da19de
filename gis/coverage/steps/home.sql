-- cov_home: the area each grid belongs to: the one its file declares, else the one under a
-- point inside the grid. area_id is null (shell_id -1) where there is none.
WITH under AS ( -- areas drive, so that each is prepared once for all of its points
    SELECT p.grid_id, min(a.id) AS area_id
    FROM cov_area AS a
    CROSS JOIN LATERAL (
        SELECT i.grid_id FROM cov_inner AS i WHERE i.geom && a.geom AND ST_Covers(a.geom, i.geom) OFFSET 0
    ) AS p
    GROUP BY p.grid_id
)
SELECT g.id AS grid_id, coalesce(d.id, u.area_id) AS area_id, coalesce(d.id, u.area_id, -1) AS shell_id,
    d.id IS NOT NULL AS declared
FROM cov_grid AS g
LEFT JOIN (SELECT code, min(id) AS id FROM cov_area GROUP BY code) AS d ON d.code = g.area_code
LEFT JOIN under AS u ON u.grid_id = g.id
