-- Each block gives one bytea: the grids in force of one network (the first comprehensive
-- one where none is named) with what they hold and the worst that was found.
-- state: covered, blind (somebody is not covered), warn, unknown (never refreshed), or
-- other (outside the actor's scope: neither figures nor state are his to see).

-- name: mosaic
-- Far out: grids of 4 pixels and more; where an area's grids are smaller on average, the
-- area in their place with their sums, its level in "level" ("grid" for a grid).
WITH net AS MATERIALIZED (
    SELECT n.id, refreshed_at(n.id) IS NOT NULL AS refreshed
    FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
), piece AS MATERIALIZED (
    SELECT g.id, g.code, g.name, g.kind, g.area_id, f.buildings, f.households, w.block, w.blind, w.warn, w.hint,
        ((SELECT everywhere()) OR g.id = ANY ((SELECT scope_area_grids())::bigint[])) IS TRUE AS mine,
        CASE WHEN g.geom_web && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096) THEN g.id END AS inside,
        greatest(ST_XMax(g.geom_web) - ST_XMin(g.geom_web), ST_YMax(g.geom_web) - ST_YMin(g.geom_web)) * 2 ^ :z / 78272.0 AS pixels
    FROM net
    JOIN grid g ON g.network_id = net.id
    LEFT JOIN grid_figure f ON f.grid_id = g.id
    LEFT JOIN grid_finding w ON w.network_id = net.id AND w.grid_code = g.code
    WHERE g.valid_to IS NULL
        AND (:codes::text[] IS NULL OR g.code = ANY (:codes))
        AND (:kinds::text[] IS NULL OR g.kind = ANY (:kinds))
), summed AS MATERIALIZED (
    SELECT area_id, sum(buildings) AS buildings, sum(households) AS households, sum(block) AS block, sum(blind) AS blind,
        sum(warn) AS warn, sum(hint) AS hint, bool_and(mine) AS mine
    FROM piece WHERE area_id IS NOT NULL AND :codes::text[] IS NULL
    GROUP BY area_id HAVING avg(pixels) < 4 AND count(inside) > 0
)
SELECT ST_AsMVT(t, 'grid', 4096, 'geom') FROM (
    SELECT g.id, g.code, g.name, g.kind, 'grid' AS level, CASE WHEN p.mine THEN coalesce(p.buildings, 0)::bigint END AS buildings,
        CASE WHEN p.mine THEN coalesce(p.households, 0)::bigint END AS households,
        CASE WHEN p.block > 0 THEN 'block' WHEN p.blind > 0 THEN 'blind' WHEN p.warn > 0 THEN 'warn' WHEN p.hint > 0 THEN 'hint' END AS severity,
        CASE WHEN NOT p.mine THEN 'other' WHEN NOT net.refreshed THEN 'unknown' WHEN p.blind > 0 THEN 'blind' WHEN p.block > 0 OR p.warn > 0 THEN 'warn' ELSE 'covered' END AS state,
        ST_AsMVTGeom(g.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64) AS geom
    FROM net CROSS JOIN piece p JOIN grid g ON g.id = p.inside
    WHERE (p.pixels >= 4 OR :codes::text[] IS NOT NULL) AND NOT EXISTS (SELECT FROM summed s WHERE s.area_id = p.area_id)
    UNION ALL
    SELECT a.id, a.code, a.name, '', a.level, CASE WHEN s.mine THEN coalesce(s.buildings, 0)::bigint END, CASE WHEN s.mine THEN coalesce(s.households, 0)::bigint END,
        CASE WHEN NOT s.mine THEN NULL WHEN s.block > 0 THEN 'block' WHEN s.blind > 0 THEN 'blind' WHEN s.warn > 0 THEN 'warn' WHEN s.hint > 0 THEN 'hint' END,
        CASE WHEN NOT s.mine THEN 'other' WHEN NOT net.refreshed THEN 'unknown' WHEN s.blind > 0 THEN 'blind' WHEN s.block > 0 OR s.warn > 0 THEN 'warn' ELSE 'covered' END,
        ST_AsMVTGeom(a.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 64)
    FROM net CROSS JOIN summed s JOIN area a ON a.id = s.area_id
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
