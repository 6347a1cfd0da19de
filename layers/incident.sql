-- Each block gives one bytea: the tile's incidents, the coarser the further out.

-- name: cells
-- One point per kind and cell of 1/64 tile, the kinds beside each other inside the cell;
-- size is the class of the count.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom') FROM (
    SELECT kind, incidents, width_bucket(incidents, ARRAY[1, 4, 16, 64, 256]) - 1 AS size,
        ST_Point((cell & 63) * 64 + CASE WHEN kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            (cell >> 6) * 64 + CASE WHEN kind IN ('matter', 'hazard') THEN 16 ELSE 48 END) AS geom
    FROM incident_cell
    WHERE z = :z AND tile_x = :x AND tile_y = :y AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
) AS t;

-- name: points
-- One point per incident with its kind, its id as the feature's.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom', 'id') FROM (
    SELECT id, kind, ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM incident
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y) AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
) AS t;

-- name: records
-- One point per incident with what the tooltip shows.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom') FROM (
    SELECT id, code, kind, category, title, state, to_char(occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS occurred_at,
        ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM incident
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y) AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
) AS t;
