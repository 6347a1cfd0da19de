-- Each block gives one bytea: the tile's roads, one multi-line per class.
-- Words the source has of its own count as small roads.

-- name: major
-- Motorways and trunk roads, primary ones from zoom 10, secondary from 11, tertiary from 12.
SELECT ST_AsMVT(t, 'road', 4096, 'geom') FROM (
    SELECT class, ST_CollectionHomogenize(ST_Collect(geom)) AS geom FROM (
        SELECT kind AS class, ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
        FROM road
        WHERE geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
            AND kind IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary')
            AND kind = ANY ((ARRAY['motorway', 'trunk', 'primary', 'secondary', 'tertiary'])
                [1 : CASE WHEN :z < 10 THEN 2 WHEN :z < 11 THEN 3 WHEN :z < 12 THEN 4 ELSE 5 END])
    ) AS r GROUP BY class
) AS t;

-- name: minor
-- All but paths.
SELECT ST_AsMVT(t, 'road', 4096, 'geom') FROM (
    SELECT class, ST_CollectionHomogenize(ST_Collect(geom)) AS geom FROM (
        SELECT CASE WHEN kind IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary') THEN kind ELSE 'residential' END AS class,
            ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
        FROM road
        WHERE geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
            AND kind NOT IN ('path', 'footway', 'steps', 'cycleway', 'track', 'pedestrian')
    ) AS r GROUP BY class
) AS t;

-- name: every
-- Everything, paths too.
SELECT ST_AsMVT(t, 'road', 4096, 'geom') FROM (
    SELECT class, ST_CollectionHomogenize(ST_Collect(geom)) AS geom FROM (
        SELECT CASE WHEN kind IN ('motorway', 'trunk', 'primary', 'secondary', 'tertiary') THEN kind
                WHEN kind IN ('path', 'footway', 'steps', 'cycleway', 'track', 'pedestrian') THEN 'path'
                ELSE 'residential' END AS class,
            ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
        FROM road
        WHERE geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
    ) AS r GROUP BY class
) AS t;
