-- name: points
-- What everyone writes: each building looks for its grid.
SELECT b.id, g.id AS grid_id
FROM cov_building AS b
LEFT JOIN cov_grid AS g ON ST_Covers(g.geom, b.geom)

-- name: grids
-- The grids as a program outside reads them.
SELECT id, ST_AsBinary(geom) AS geom FROM cov_grid

-- name: buildings
-- The buildings as a program outside reads them.
SELECT id, ST_AsBinary(geom) AS geom FROM cov_building

-- name: areas
-- The land as a program outside reads it.
SELECT id, ST_AsBinary(geom) AS geom FROM cov_area
