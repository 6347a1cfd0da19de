-- cov_gap: land of an area that no grid claims and no allowed gap excuses, one row per connected gap
-- per area, with its area and width. What two areas both claim is counted with the first. Dust
-- (< dust_m2, the rounding of coordinates) is dropped.
WITH own AS MATERIALIZED ( -- a local run has more areas at hand than it judges: no overlay for those
    SELECT a.id, a.geom, s.geom AS shell
    FROM cov_unit AS u
    JOIN cov_area AS a ON a.id = u.id
    LEFT JOIN cov_shell AS s ON s.id = a.id
),
raw AS MATERIALIZED (
    -- What the area's own grids leave; most of it is dust or claimed by a neighbour's grid.
    SELECT o.id AS area_id, d.geom
    FROM own AS o
    CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(coalesce(ST_Difference(o.geom, o.shell), o.geom), 3)) AS d
    WHERE rough_m2(d.geom) > 0.9 * (SELECT value FROM cov_param WHERE key = 'dust_m2')
),
piece AS MATERIALIZED (
    SELECT r.area_id, d.geom
    FROM raw AS r
    CROSS JOIN LATERAL (
        SELECT ST_Union(ST_CollectionExtract(ST_Intersection(part.geom, r.geom), 3)) AS geom
        FROM (
            SELECT g.geom FROM cov_grid AS g JOIN cov_home AS h ON h.grid_id = g.id
            WHERE g.geom && r.geom AND h.area_id IS DISTINCT FROM r.area_id
            UNION ALL
            SELECT e.geom FROM cov_excluded AS e WHERE e.geom && r.geom
            UNION ALL
            SELECT o.geom FROM cov_area AS o WHERE o.geom && r.geom AND o.id < r.area_id
        ) AS part
    ) AS taken
    CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(coalesce(ST_Difference(r.geom, taken.geom), r.geom), 3)) AS d
),
measured AS MATERIALIZED (
    SELECT p.*, area_m2(p.geom) AS area_m2 FROM piece AS p
)
SELECT row_number() OVER () AS id, m.*, gap_width(m.geom) AS width_m
FROM measured AS m
WHERE m.area_m2 >= (SELECT value FROM cov_param WHERE key = 'dust_m2')
