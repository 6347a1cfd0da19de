-- cov_inner: a point inside each grid.
SELECT id AS grid_id, ST_PointOnSurface(geom) AS geom FROM cov_grid
