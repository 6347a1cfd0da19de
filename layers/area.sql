-- Each block gives one bytea: the tile's districts, streets and communities.

-- name: wide
-- Districts and streets by their coarse shapes, those too small for a pixel left out.
SELECT ST_AsMVT(t, 'area', 4096, 'geom') FROM (
    SELECT id, code, name, level, ST_AsMVTGeom(geom_far, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM area
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND level IN ('district', 'street')
        AND greatest(ST_XMax(geom_far) - ST_XMin(geom_far), ST_YMax(geom_far) - ST_YMin(geom_far)) > 78272.0 / 2 ^ :z
) AS t;

-- name: all_levels
-- Districts, streets and communities.
SELECT ST_AsMVT(t, 'area', 4096, 'geom') FROM (
    SELECT id, code, name, level, ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM area
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND greatest(ST_XMax(geom_web) - ST_XMin(geom_web), ST_YMax(geom_web) - ST_YMin(geom_web)) > 78272.0 / 2 ^ :z
) AS t;
