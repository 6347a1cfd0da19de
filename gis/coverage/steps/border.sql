-- cov_border: the borders of the grids in pieces of at most 16 vertices, for distances.
SELECT g.id AS grid_id, p.geom
FROM cov_grid AS g
CROSS JOIN LATERAL ST_Subdivide(ST_Boundary(g.geom), 16) AS p(geom)
