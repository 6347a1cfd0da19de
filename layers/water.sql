-- name: polygons
-- One bytea: the tile's water, what is too small for a pixel left out.
SELECT ST_AsMVT(t, 'water', 4096, 'geom') FROM (
    SELECT kind, ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM water
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND greatest(ST_XMax(geom_web) - ST_XMin(geom_web), ST_YMax(geom_web) - ST_YMin(geom_web)) > 78272.0 / 2 ^ :z
) AS t;
