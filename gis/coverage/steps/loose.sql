-- cov_loose: buildings with a usable point that no grid covers, and the area they lie in.
WITH loose AS MATERIALIZED (
    SELECT b.id, b.households, b.geom
    FROM cov_building AS b
    LEFT JOIN cov_assignment AS s ON s.building_id = b.id
    WHERE s.building_id IS NULL AND b.geom IS NOT NULL
      AND (abs(ST_X(b.geom)) > 1e-6 OR abs(ST_Y(b.geom)) > 1e-6)
),
placed AS (
    SELECT l.id, min(a.id) AS area_id
    FROM cov_area AS a
    JOIN loose AS l ON ST_Covers(a.geom, l.geom)
    GROUP BY l.id
)
SELECT l.id, l.households, l.geom, p.area_id
FROM loose AS l
LEFT JOIN placed AS p USING (id)
