-- One block gives one bytea: points inside what has a name, each in one tile only, and only
-- where the shape is wide enough for the name (12 or 14 pixels a Chinese character, half of
-- that for a Latin one).

-- name: names
-- Names of one level. Districts are meant below zoom 10, streets below 12, communities
-- below 15, then the grids in force of one network (their codes where they have no name);
-- where a level is not there, the next that is takes its place.
WITH chosen AS MATERIALIZED (
    SELECT level
    FROM unnest(string_to_array(
        CASE WHEN :z < 10 THEN 'district street community grid'
            WHEN :z < 12 THEN 'street district community grid'
            WHEN :z < 13 THEN 'community street district grid'
            WHEN :z < 15 THEN 'community grid'
            ELSE 'grid' END, ' ')) WITH ORDINALITY AS wanted (level, place)
    WHERE level = 'grid' OR EXISTS (SELECT FROM area a WHERE a.level = wanted.level)
    ORDER BY place
    LIMIT 1
), net AS MATERIALIZED (
    SELECT id FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
), named AS (
    SELECT code, name, level, 14 AS pixels, geom_web
    FROM area
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y) AND level = (SELECT level FROM chosen)
    UNION ALL
    SELECT g.code, coalesce(nullif(g.name, ''), g.code), 'grid', 12, g.geom_web
    FROM net JOIN grid g ON g.network_id = net.id
    WHERE g.geom_web && ST_TileEnvelope(:z, :x, :y) AND g.valid_to IS NULL AND (SELECT level FROM chosen) = 'grid'
), roomy AS (
    SELECT code, name, level, ST_PointOnSurface(geom_web) AS place
    FROM named
    WHERE ST_XMax(geom_web) - ST_XMin(geom_web)
        > pixels * (char_length(name) + octet_length(name)) / 4.0 * 78272.0 / 2 ^ :z
)
SELECT ST_AsMVT(t, 'label', 4096, 'geom') FROM (
    SELECT code, name, level, ST_AsMVTGeom(place, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM roomy
    WHERE place && ST_TileEnvelope(:z, :x, :y)
) AS t;
