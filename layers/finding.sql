-- Each block gives one bytea: the tile's findings of one network (the first comprehensive
-- one where none is named) and of none.

-- name: marks
-- Far out: shapes that can be seen as they are, the rest as one point per rule, severity
-- and 1/64 tile with how many it stands for; below zoom 12 only those that block or are
-- blind, unless a severity or a rule was asked for.
WITH net AS MATERIALIZED (
    SELECT id FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
), seen AS MATERIALIZED (
    SELECT f.id, rule, severity, households, buildings, f.geom_web,
        greatest(ST_XMax(f.geom_web) - ST_XMin(f.geom_web), ST_YMax(f.geom_web) - ST_YMin(f.geom_web)) > 3 * 78272.0 / 2 ^ :z AS large,
        floor((ST_XMin(f.geom_web) / 40075016.685578488 + 0.5) * 2 ^ (:z + 6))::bigint AS cx,
        floor((0.5 - ST_YMax(f.geom_web) / 40075016.685578488) * 2 ^ (:z + 6))::bigint AS cy
    FROM finding f LEFT JOIN net ON true
    WHERE f.geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND (f.network_id = net.id OR f.network_id IS NULL)
        AND (:rules::text[] IS NULL OR rule = ANY (:rules))
        AND (:severities::text[] IS NULL OR severity = ANY (:severities))
        AND (:codes::text[] IS NULL OR f.id::text = ANY (:codes))
        AND (:z >= 12 OR severity IN ('block', 'blind') OR :severities::text[] IS NOT NULL OR :rules::text[] IS NOT NULL
            OR :codes::text[] IS NOT NULL)
)
SELECT ST_AsMVT(t, 'finding', 4096, 'geom') FROM (
    SELECT id, rule, severity, households, buildings, 1 AS findings,
        ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM seen WHERE large
    UNION ALL
    SELECT min(id), rule, severity, sum(households)::integer, sum(buildings)::integer, count(*)::integer,
        ST_Point(64 * (cx - 64 * :x) + 32, 64 * (cy - 64 * :y) + 32)
    FROM seen WHERE NOT large AND cx BETWEEN 64 * :x AND 64 * :x + 63 AND cy BETWEEN 64 * :y AND 64 * :y + 63
    GROUP BY rule, severity, cx, cy
) AS t;

-- name: shapes
-- Close by: every finding as it is.
WITH net AS MATERIALIZED (
    SELECT id FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
)
SELECT ST_AsMVT(t, 'finding', 4096, 'geom') FROM (
    SELECT f.id, rule, severity, households, buildings, 1 AS findings,
        ST_AsMVTGeom(f.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM finding f LEFT JOIN net ON true
    WHERE f.geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND (f.network_id = net.id OR f.network_id IS NULL)
        AND (:rules::text[] IS NULL OR rule = ANY (:rules))
        AND (:severities::text[] IS NULL OR severity = ANY (:severities))
        AND (:codes::text[] IS NULL OR f.id::text = ANY (:codes))
) AS t;
