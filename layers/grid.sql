-- name: polygons
-- One bytea: the tile's grids in force of one network (the first comprehensive one where
-- none is named) with what they hold and the worst that was found; grids too small for a
-- pixel left out. state: covered, blind (somebody is not covered), warn, or unknown
-- (the network was never refreshed).
WITH net AS MATERIALIZED (
    SELECT n.id, EXISTS (SELECT FROM refresh r WHERE r.network_id = n.id) AS refreshed
    FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
)
SELECT ST_AsMVT(t, 'grid', 4096, 'geom') FROM (
    SELECT g.id, g.code, g.name, g.kind, coalesce(f.buildings, 0) AS buildings, coalesce(f.households, 0) AS households,
        w.severity,
        CASE WHEN NOT net.refreshed THEN 'unknown' WHEN w.blind THEN 'blind' WHEN w.warn THEN 'warn' ELSE 'covered' END AS state,
        ST_AsMVTGeom(g.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM net
    JOIN grid g ON g.network_id = net.id
    LEFT JOIN grid_figure f ON f.grid_id = g.id
    CROSS JOIN LATERAL (
        SELECT bool_or(severity = 'blind') AS blind, bool_or(severity IN ('block', 'warn')) AS warn,
            (array_agg(severity ORDER BY array_position(ARRAY['block', 'blind', 'warn', 'hint'], severity)))[1] AS severity
        FROM grid_finding x WHERE x.network_id = net.id AND x.grid_code = g.code
    ) AS w
    WHERE g.geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND g.valid_to IS NULL
        AND (:codes::text[] IS NULL OR g.code = ANY (:codes))
        AND (:kinds::text[] IS NULL OR g.kind = ANY (:kinds))
        AND greatest(ST_XMax(g.geom_web) - ST_XMin(g.geom_web), ST_YMax(g.geom_web) - ST_YMin(g.geom_web)) > 78272.0 / 2 ^ :z
) AS t WHERE geom IS NOT NULL;
