-- name: control
-- code, longitude and latitude (degrees, EPSG:4490) of stored buildings, all or those in a box
SELECT code, ST_X(geom), ST_Y(geom)
FROM atlas.building
WHERE geom IS NOT NULL
  AND (%(west)s::float8 IS NULL OR geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4490))
ORDER BY id
LIMIT %(most)s;

-- name: counted
-- number of stored buildings with a place, counted up to a limit
SELECT count(*) FROM (SELECT FROM atlas.building WHERE geom IS NOT NULL LIMIT %(most)s) AS b;
