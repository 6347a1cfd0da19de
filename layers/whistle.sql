-- Each block gives one bytea: the tile's whistles; far out one mark per cell of 1/64 tile. They
-- are few, so that nothing is counted beforehand.

-- name: cells
-- One point per cell: how many, and whether one of them waits beyond the time wanted.
SELECT ST_AsMVT(t, 'whistle', 4096, 'geom') FROM (
    SELECT count(*)::integer AS whistles, width_bucket(count(*)::integer, ARRAY[1, 4, 16, 64, 256]) - 1 AS size,
        bool_or(state IN ('drafted', 'called', 'refused') AND wanted_at < now()) AS late,
        ST_AsMVTGeom(ST_Centroid(ST_Collect(geom_web)), ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM whistle
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y)
        AND CASE WHEN :states::text[] IS NULL THEN state NOT IN ('rated', 'dropped') ELSE state = ANY (:states) END
        AND (:codes::text[] IS NULL OR code = ANY (:codes))
        AND (:since::date IS NULL OR created_at >= :since::date::timestamp AT TIME ZONE 'Asia/Shanghai')
        AND (:until::date IS NULL OR created_at < (:until::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
    GROUP BY cell_column(geom_web) >> (13 - :z), cell_row(geom_web) >> (13 - :z)
) AS t;

-- name: records
-- One point per whistle with what the tooltip shows.
SELECT ST_AsMVT(t, 'whistle', 4096, 'geom') FROM (
    SELECT id, code, shown(title) AS title, state, units[1] AS lead,
        state IN ('drafted', 'called', 'refused') AND wanted_at < now() AS late,
        to_char(wanted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS wanted_at,
        ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM whistle
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y)
        AND CASE WHEN :states::text[] IS NULL THEN state NOT IN ('rated', 'dropped') ELSE state = ANY (:states) END
        AND (:codes::text[] IS NULL OR code = ANY (:codes))
        AND (:since::date IS NULL OR created_at >= :since::date::timestamp AT TIME ZONE 'Asia/Shanghai')
        AND (:until::date IS NULL OR created_at < (:until::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
) AS t;
