-- cov_loose: buildings with a usable point that no grid covers.
SELECT b.id, b.households, b.geom
FROM cov_building AS b
LEFT JOIN cov_assignment AS s ON s.building_id = b.id
WHERE s.building_id IS NULL AND b.geom IS NOT NULL
  AND (abs(ST_X(b.geom)) > 1e-6 OR abs(ST_Y(b.geom)) > 1e-6)
