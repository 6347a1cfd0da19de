-- Each block gives one bytea: the tile's buildings, the coarser the further out.

-- name: cells
-- One point per cell of 1/64 tile with what it holds; size is the class of the count. Whoever
-- works on a part of the office gets his own buildings, counted now; the second part costs
-- everybody else nothing.
SELECT ST_AsMVT(t, 'building', 4096, 'geom') FROM (
    SELECT buildings, households, width_bucket(buildings, ARRAY[1, 4, 16, 64, 256]) - 1 AS size,
        ST_Point((cell & 63) * 64 + 32, (cell >> 6) * 64 + 32) AS geom
    FROM building_cell
    WHERE z = :z AND tile_x = :x AND tile_y = :y
    UNION ALL
    SELECT count(*)::integer, sum(households), width_bucket(count(*)::integer, ARRAY[1, 4, 16, 64, 256]) - 1,
        ST_Point((cx & 63) * 64 + 32, (cy & 63) * 64 + 32)
    FROM (
        SELECT b.households, cell_column(b.geom_web) >> (13 - :z) AS cx, cell_row(b.geom_web) >> (13 - :z) AS cy
        FROM building b
        WHERE NOT (SELECT everywhere())
            AND (b.area_id = ANY ((SELECT scope_areas())::bigint[]) OR b.id = ANY ((SELECT scope_buildings())::bigint[]))
    ) AS own
    WHERE cx >> 6 = :x AND cy >> 6 = :y
    GROUP BY cx, cy
) AS t;

-- name: points
-- One point per building, its id as the feature's.
SELECT ST_AsMVT(t, 'building', 4096, 'geom', 'id') FROM (
    SELECT id, households, ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM building
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y)
) AS t;

-- name: footprints
-- Footprints (points where there is none) with the grid that covers each in one network.
-- Buildings are found by their point up to 150 m around the tile. Their shapes are cut in
-- longitude and latitude: within a tile of zoom 16 Mercator is linear to 5 mm, and loading
-- the projection library would cost a new connection 0.2 s.
WITH box AS MATERIALIZED (
    SELECT ST_MakeEnvelope(
        360.0 * :x / 2 ^ :z - 180, degrees(atan(sinh(pi() * (1 - 2 * (:y + 1) / 2 ^ :z)))),
        360.0 * (:x + 1) / 2 ^ :z - 180, degrees(atan(sinh(pi() * (1 - 2 * :y / 2 ^ :z)))), 4490) AS bounds
), net AS MATERIALIZED (
    SELECT n.id, refreshed_at(n.id) IS NOT NULL AS refreshed
    FROM network n
    WHERE :network::text IS NULL OR n.code = :network
    ORDER BY n.kind = 'comprehensive' DESC, n.id
    LIMIT 1
)
SELECT ST_AsMVT(t, 'building', 4096, 'geom') FROM (
    SELECT b.id, b.code, shown(b.name) AS name, shown(b.address) AS address, b.kind, b.households, b.people, b.floors, g.code AS grid, g.name AS grid_name,
        CASE WHEN net.refreshed IS NOT TRUE THEN 'unknown' WHEN a.grid_id IS NULL THEN 'outside' ELSE 'covered' END AS state,
        ST_AsMVTGeom(coalesce(b.footprint, b.geom), box.bounds, 4096, 64) AS geom
    FROM building b
    CROSS JOIN box
    LEFT JOIN net ON true
    LEFT JOIN assignment a ON a.network_id = net.id AND a.building_id = b.id
    LEFT JOIN grid g ON g.id = a.grid_id
    WHERE b.geom_web && ST_TileEnvelope(:z, :x, :y, margin => least(1.0, 0.25 * 2.0 ^ (:z - 16)))
        AND (b.footprint IS NOT NULL OR b.geom_web && ST_TileEnvelope(:z, :x, :y))
) AS t;
