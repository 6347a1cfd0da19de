-- cov_assignment: every (building, grid) where the grid covers the building's point; a point
-- on a border is covered. Contested land gives a building two rows. Grids drive the join, so
-- that each grid is prepared once for all of its points.
SELECT b.id AS building_id, g.id AS grid_id
FROM cov_grid AS g
JOIN cov_building AS b ON b.geom && g.geom AND ST_Covers(g.geom, b.geom)
