-- cov_border: the borders of the grids in short pieces, to find points near them; none when
-- every building has a footprint.
SELECT g.id AS grid_id, p.geom
FROM cov_grid AS g
CROSS JOIN LATERAL ST_Subdivide(ST_Boundary(g.geom), 24) AS p(geom)
WHERE (SELECT value FROM cov_param WHERE key = 'pointlike') > 0
