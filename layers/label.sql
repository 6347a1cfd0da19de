-- Each block gives one bytea: points inside what has a name, each in one tile only, and
-- only where the shape is wide enough for the name (about 10 pixels a character).

-- name: areas
-- Names of districts below zoom 10, of streets below 12, of communities below 14.
SELECT ST_AsMVT(t, 'label', 4096, 'geom') FROM (
    SELECT code, name, level, ST_AsMVTGeom(place, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM (
        SELECT code, name, level, ST_PointOnSurface(geom_web) AS place
        FROM area
        WHERE geom_web && ST_TileEnvelope(:z, :x, :y)
            AND level = CASE WHEN :z < 10 THEN 'district' WHEN :z < 12 THEN 'street' ELSE 'community' END
            AND ST_XMax(geom_web) - ST_XMin(geom_web) > 9 * char_length(name) * 78272.0 / 2 ^ :z
    ) AS named
    WHERE place && ST_TileEnvelope(:z, :x, :y)
) AS t;

-- name: grids
-- Names of the grids in force of one network, where there is room for a name.
WITH net AS MATERIALIZED (
    SELECT id FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
)
SELECT ST_AsMVT(t, 'label', 4096, 'geom') FROM (
    SELECT code, name, 'grid' AS level, ST_AsMVTGeom(place, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM (
        SELECT g.code, g.name, ST_PointOnSurface(g.geom_web) AS place
        FROM net JOIN grid g ON g.network_id = net.id
        WHERE g.geom_web && ST_TileEnvelope(:z, :x, :y)
            AND g.valid_to IS NULL
            AND ST_XMax(g.geom_web) - ST_XMin(g.geom_web) > 10 * char_length(g.name) * 78272.0 / 2 ^ :z
    ) AS named
    WHERE place && ST_TileEnvelope(:z, :x, :y)
) AS t;
