-- Each block gives one bytea: the grids in force of one network (the first comprehensive
-- one where none is named) with what they hold and the worst that was found.
-- state: covered, blind (somebody is not covered), warn, unknown (never refreshed), or
-- other (outside the actor's scope: neither figures nor state are his to see).

-- name: mosaic
-- Far out: the grids of each area where they measure 8 pixels and more on average, else the
-- area in their place with their sums, its level in "level" ("grid" for a grid); grids of no
-- area from 4 pixels on. Shapes are the kept coarse ones (geom_far, good to 10 m: a quarter
-- of a pixel), and only what comes near the tile is read: the sums are kept too (area_figure).
WITH net AS MATERIALIZED (
    SELECT n.id, refreshed_at(n.id) IS NOT NULL AS refreshed
    FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
), summed AS MATERIALIZED (
    SELECT s.*, s.size * 2 ^ :z / 78272.0 < 8 AS small
    FROM net CROSS JOIN area_sums(net.id, :kinds, ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)) AS s
    WHERE :codes::text[] IS NULL
), chosen AS MATERIALIZED (
    SELECT g.id, g.code, g.name, g.kind, g.geom_far FROM net JOIN grid g ON g.network_id = net.id
    WHERE :codes::text[] IS NOT NULL AND g.code = ANY (:codes) AND g.valid_to IS NULL
    UNION ALL
    SELECT g.id, g.code, g.name, g.kind, g.geom_far FROM net JOIN grid g ON g.network_id = net.id
    WHERE :codes::text[] IS NULL AND g.valid_to IS NULL
        AND (g.area_id = ANY ((SELECT array_agg(s.area_id) FROM summed s WHERE NOT s.small)::bigint[])
            OR g.area_id IS NULL AND greatest(ST_XMax(g.geom_far) - ST_XMin(g.geom_far), ST_YMax(g.geom_far) - ST_YMin(g.geom_far)) * 2 ^ :z / 78272.0 >= 4)
)
SELECT ST_AsMVT(t, 'grid', 4096, 'geom') FROM (
    SELECT g.id, g.code, g.name, g.kind, 'grid' AS level, CASE WHEN own.mine THEN coalesce(f.buildings, 0)::bigint END AS buildings,
        CASE WHEN own.mine THEN coalesce(f.households, 0)::bigint END AS households,
        CASE WHEN w.block > 0 THEN 'block' WHEN w.blind > 0 THEN 'blind' WHEN w.warn > 0 THEN 'warn' WHEN w.hint > 0 THEN 'hint' END AS severity,
        CASE WHEN NOT own.mine THEN 'other' WHEN NOT net.refreshed THEN 'unknown' WHEN w.blind > 0 THEN 'blind' WHEN w.block > 0 OR w.warn > 0 THEN 'warn' ELSE 'covered' END AS state,
        ST_AsMVTGeom(g.geom_far, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM net
    CROSS JOIN chosen g
    CROSS JOIN LATERAL (SELECT ((SELECT everywhere()) OR g.id = ANY ((SELECT scope_area_grids())::bigint[])) IS TRUE AS mine) AS own
    LEFT JOIN grid_figure f ON f.grid_id = g.id
    LEFT JOIN grid_finding w ON w.network_id = net.id AND w.grid_code = g.code
    WHERE g.geom_far && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND (:kinds::text[] IS NULL OR g.kind = ANY (:kinds))
    UNION ALL
    SELECT a.id, a.code, a.name, '', a.level, s.buildings, s.households,
        CASE WHEN s.block > 0 THEN 'block' WHEN s.blind > 0 THEN 'blind' WHEN s.warn > 0 THEN 'warn' WHEN s.hint > 0 THEN 'hint' END,
        CASE WHEN NOT s.mine THEN 'other' WHEN NOT net.refreshed THEN 'unknown' WHEN s.blind > 0 THEN 'blind' WHEN s.block > 0 OR s.warn > 0 THEN 'warn' ELSE 'covered' END,
        ST_AsMVTGeom(a.geom_far, ST_TileEnvelope(:z, :x, :y), 4096, 64)
    FROM net CROSS JOIN summed s JOIN area a ON a.id = s.area_id
    WHERE s.small AND a.geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
) AS t;

-- name: polygons
-- Close by: every grid.
WITH net AS MATERIALIZED (
    SELECT n.id, refreshed_at(n.id) IS NOT NULL AS refreshed
    FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
)
SELECT ST_AsMVT(t, 'grid', 4096, 'geom') FROM (
    SELECT g.id, g.code, g.name, g.kind, 'grid' AS level, CASE WHEN own.mine THEN coalesce(f.buildings, 0)::bigint END AS buildings,
        CASE WHEN own.mine THEN coalesce(f.households, 0)::bigint END AS households,
        CASE WHEN w.block > 0 THEN 'block' WHEN w.blind > 0 THEN 'blind' WHEN w.warn > 0 THEN 'warn' WHEN w.hint > 0 THEN 'hint' END AS severity,
        CASE WHEN NOT own.mine THEN 'other' WHEN NOT net.refreshed THEN 'unknown' WHEN w.blind > 0 THEN 'blind' WHEN w.block > 0 OR w.warn > 0 THEN 'warn' ELSE 'covered' END AS state,
        ST_AsMVTGeom(g.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM net
    JOIN grid g ON g.network_id = net.id
    CROSS JOIN LATERAL (SELECT ((SELECT everywhere()) OR g.id = ANY ((SELECT scope_area_grids())::bigint[])) IS TRUE AS mine) AS own
    LEFT JOIN grid_figure f ON f.grid_id = g.id
    LEFT JOIN grid_finding w ON w.network_id = net.id AND w.grid_code = g.code
    WHERE g.geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
        AND g.valid_to IS NULL
        AND (:codes::text[] IS NULL OR g.code = ANY (:codes))
        AND (:kinds::text[] IS NULL OR g.kind = ANY (:kinds))
) AS t;
