-- Each block gives one bytea: the tile's incidents, the coarser the further out.

-- name: cells
-- One point per kind and cell of 1/64 tile, the kinds beside each other inside the cell;
-- size is the class of the count. Whoever works on a part of the office gets his own
-- incidents, counted now. A wall gets marks per grid at every zoom ("told", see
-- incident_marks), and nothing else.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom') FROM (
    SELECT kind, incidents, NULL::text AS told, width_bucket(incidents, ARRAY[1, 4, 16, 64, 256]) - 1 AS size,
        ST_Point((cell & 63) * 64 + CASE WHEN kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            (cell >> 6) * 64 + CASE WHEN kind IN ('matter', 'hazard') THEN 16 ELSE 48 END) AS geom
    FROM incident_cell
    WHERE z = :z AND tile_x = :x AND tile_y = :y AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
    UNION ALL
    SELECT kind, count(*)::integer, NULL, width_bucket(count(*)::integer, ARRAY[1, 4, 16, 64, 256]) - 1,
        ST_Point((cx & 63) * 64 + CASE WHEN kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            (cy & 63) * 64 + CASE WHEN kind IN ('matter', 'hazard') THEN 16 ELSE 48 END)
    FROM (
        SELECT i.kind, cell_column(i.geom_web) >> (13 - :z) AS cx, cell_row(i.geom_web) >> (13 - :z) AS cy
        FROM incident i
        WHERE NOT (SELECT everywhere())
            AND (i.area_id = ANY ((SELECT scope_areas())::bigint[]) OR i.grid_id = ANY ((SELECT scope_grids())::bigint[]))
            AND (:kinds::text[] IS NULL OR i.kind = ANY (:kinds))
    ) AS own
    WHERE cx >> 6 = :x AND cy >> 6 = :y
    GROUP BY kind, cx, cy
    UNION ALL
    SELECT m.kind, NULL, m.told, m.size, m.place
    FROM (SELECT 1 WHERE (SELECT has_role('{wall}'))) AS wall CROSS JOIN incident_marks(:z, :x, :y, :kinds) AS m
) AS t;

-- name: points
-- One point per incident with its kind, its id as the feature's.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom', 'id') FROM (
    SELECT id, kind, NULL::text AS told, NULL::integer AS size, ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM incident
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y) AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
    UNION ALL
    SELECT NULL, m.kind, m.told, m.size, m.place
    FROM (SELECT 1 WHERE (SELECT has_role('{wall}'))) AS wall CROSS JOIN incident_marks(:z, :x, :y, :kinds) AS m
) AS t;

-- name: records
-- One point per incident with what the tooltip shows.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom') FROM (
    SELECT id, code, kind, NULL::text AS told, NULL::integer AS size, category, shown(title) AS title, state, to_char(occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS occurred_at,
        ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM incident
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y) AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
    UNION ALL
    SELECT NULL, NULL, m.kind, m.told, m.size, NULL, NULL, NULL, NULL, m.place
    FROM (SELECT 1 WHERE (SELECT has_role('{wall}'))) AS wall CROSS JOIN incident_marks(:z, :x, :y, :kinds) AS m
) AS t;
