-- cov_place: the area each loose building lies in; no row for those in none.
SELECT l.id AS building_id, min(a.id) AS area_id
FROM cov_area AS a
JOIN cov_loose AS l ON l.geom && a.geom AND ST_Covers(a.geom, l.geom)
GROUP BY l.id
