-- cov_shell: the union of the grids of each area (id -1: of the grids without one), and by
-- how much the grids' areas together exceed it (m², roughly): 0 means no overlap among them.
SELECT s.id, nullif(s.id, -1) AS area_id, m.geom,
    rough_m2(m.geom) * (m.total / nullif(ST_Area(m.geom), 0) - 1) AS excess_m2
FROM cov_group AS s
CROSS JOIN LATERAL (
    SELECT ST_Union(g.geom) AS geom, sum(ST_Area(g.geom)) AS total
    FROM cov_home AS h
    JOIN cov_grid AS g ON g.id = h.grid_id
    WHERE h.shell_id = s.id
) AS m
WHERE m.geom IS NOT NULL
