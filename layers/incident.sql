-- Each block gives one bytea: the tile's incidents, the coarser the further out.
-- A choice by state, level, clock, category or time is answered from the case files; without
-- one what was counted beforehand is enough.

-- name: cells
-- One point per kind and cell of 1/64 tile, the kinds beside each other inside the cell;
-- size is the class of the count. Whoever works on a part of the office, or for a department, gets his
-- own incidents, counted now, and so does who chooses. A wall gets marks per grid at every zoom
-- ("told", see incident_marks), and nothing else; nothing at all under a choice.
WITH asked AS MATERIALIZED (
    SELECT :states::text[] IS NOT NULL OR :levels::text[] IS NOT NULL OR :clocks::text[] IS NOT NULL
        OR :categories::text[] IS NOT NULL OR :since::date IS NOT NULL OR :until::date IS NOT NULL
        OR has_role('{department}') AND NOT has_role('{leader,planner,supervisor,worker}') AS narrow,
        everywhere() AS wide,
        (:states::text[] IS NULL OR :states::text[] && '{reported,verifying,filed,dispatched,handling,answered,checked}')
            AND (:clocks::text[] IS NULL OR :clocks::text[] && '{late,near,running,paused,none}') AS running,
        (:states::text[] IS NULL OR :states::text[] && '{closed,rejected,merged}') AND (:clocks::text[] IS NULL OR 'ended' = ANY (:clocks)) AS ended,
        cell_quad(:x, :y) << (2 * (19 - :z)) AS first,
        (cell_quad(:x, :y) + 1) << (2 * (19 - :z)) AS next,
        :since::date::timestamp AT TIME ZONE 'Asia/Shanghai' AS since,
        (:until::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS until
), chosen AS (
    SELECT kind, quad, state, level, category, occurred_at, suspended, warn_at, due_at FROM casefile
    WHERE (SELECT narrow AND running FROM asked) AND state NOT IN ('closed', 'rejected', 'merged')
        AND quad >= (SELECT first FROM asked) AND quad < (SELECT next FROM asked)
        AND (:since::date IS NULL OR occurred_at >= (SELECT since FROM asked)) AND (:until::date IS NULL OR occurred_at < (SELECT until FROM asked))
    UNION ALL -- ended ones of a time: by time
    SELECT kind, quad, state, level, category, occurred_at, suspended, warn_at, due_at FROM casefile
    WHERE (SELECT narrow AND ended AND since IS NOT NULL AND until IS NOT NULL FROM asked) AND state IN ('closed', 'rejected', 'merged')
        AND occurred_at >= (SELECT since FROM asked) AND occurred_at < (SELECT until FROM asked)
        AND quad + 0 >= (SELECT first FROM asked) AND quad + 0 < (SELECT next FROM asked)
    UNION ALL -- all ended ones: by place
    SELECT kind, quad, state, level, category, occurred_at, suspended, warn_at, due_at FROM casefile
    WHERE (SELECT narrow AND ended AND (since IS NULL OR until IS NULL) FROM asked) AND state IN ('closed', 'rejected', 'merged')
        AND quad >= (SELECT first FROM asked) AND quad < (SELECT next FROM asked)
        AND (:since::date IS NULL OR occurred_at >= (SELECT since FROM asked)) AND (:until::date IS NULL OR occurred_at < (SELECT until FROM asked))
), counted AS (
    SELECT kind, quad >> (2 * (13 - :z)) & 4095 AS cell, count(*)::integer AS incidents
    FROM chosen
    WHERE (:kinds::text[] IS NULL OR kind = ANY (:kinds)) AND (:states::text[] IS NULL OR state = ANY (:states))
        AND (:levels::text[] IS NULL OR level::text = ANY (:levels)) AND (:categories::text[] IS NULL OR category = ANY (:categories))
        AND (:clocks::text[] IS NULL OR clock_of(state, suspended, warn_at, due_at, now()) = ANY (:clocks))
    GROUP BY 1, 2
), own AS ( -- of a part of the office, without a choice: by area and grid
    SELECT kind, cell_column(geom_web) >> (13 - :z) AS cx, cell_row(geom_web) >> (13 - :z) AS cy
    FROM incident
    WHERE (SELECT NOT narrow AND NOT wide FROM asked)
        AND (area_id = ANY ((SELECT scope_areas())::bigint[]) OR grid_id = ANY ((SELECT scope_grids())::bigint[]))
        AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
)
SELECT ST_AsMVT(t, 'incident', 4096, 'geom') FROM (
    SELECT kind, incidents, NULL::text AS told, width_bucket(incidents, ARRAY[1, 4, 16, 64, 256]) - 1 AS size,
        ST_Point((cell & 63) * 64 + CASE WHEN kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            (cell >> 6) * 64 + CASE WHEN kind IN ('matter', 'hazard') THEN 16 ELSE 48 END) AS geom
    FROM incident_cell
    WHERE (SELECT NOT narrow AND wide FROM asked) AND z = :z AND tile_x = :x AND tile_y = :y AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
    UNION ALL
    SELECT kind, incidents, NULL, width_bucket(incidents, ARRAY[1, 4, 16, 64, 256]) - 1,
        ST_Point(quad_column(cell) * 64 + CASE WHEN kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            quad_column(cell >> 1) * 64 + CASE WHEN kind IN ('matter', 'hazard') THEN 16 ELSE 48 END)
    FROM counted
    UNION ALL
    SELECT kind, count(*)::integer, NULL, width_bucket(count(*)::integer, ARRAY[1, 4, 16, 64, 256]) - 1,
        ST_Point((cx & 63) * 64 + CASE WHEN kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            (cy & 63) * 64 + CASE WHEN kind IN ('matter', 'hazard') THEN 16 ELSE 48 END)
    FROM own WHERE cx >> 6 = :x AND cy >> 6 = :y
    GROUP BY kind, cx, cy
    UNION ALL
    SELECT m.kind, NULL, m.told, m.size, m.place
    FROM (SELECT 1 WHERE (SELECT has_role('{wall}'))) AS wall CROSS JOIN incident_marks(:z, :x, :y, :kinds) AS m
    WHERE :states::text[] IS NULL AND :levels::text[] IS NULL AND :clocks::text[] IS NULL AND :categories::text[] IS NULL
        AND :since::date IS NULL AND :until::date IS NULL
) AS t;

-- name: points
-- One point per incident with its kind, its id as the feature's; a chosen one says how it stands.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom', 'id') FROM (
    SELECT id, kind, NULL::text AS told, NULL::integer AS size, NULL::text AS clock, NULL::smallint AS level,
        ST_AsMVTGeom(geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM incident
    WHERE geom_web && ST_TileEnvelope(:z, :x, :y) AND (:kinds::text[] IS NULL OR kind = ANY (:kinds))
        AND :states::text[] IS NULL AND :levels::text[] IS NULL AND :clocks::text[] IS NULL AND :categories::text[] IS NULL
        AND :since::date IS NULL AND :until::date IS NULL AND :codes::text[] IS NULL
    UNION ALL
    SELECT i.id, c.kind, NULL, NULL, clock_of(c.state, c.suspended, c.warn_at, c.due_at, now()), c.level,
        ST_AsMVTGeom(i.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0)
    FROM incident i JOIN casefile c ON c.incident_id = i.id
    WHERE i.geom_web && ST_TileEnvelope(:z, :x, :y)
        AND (:states::text[] IS NOT NULL OR :levels::text[] IS NOT NULL OR :clocks::text[] IS NOT NULL OR :categories::text[] IS NOT NULL
            OR :since::date IS NOT NULL OR :until::date IS NOT NULL OR :codes::text[] IS NOT NULL)
        AND (:kinds::text[] IS NULL OR c.kind = ANY (:kinds)) AND (:states::text[] IS NULL OR c.state = ANY (:states))
        AND (:levels::text[] IS NULL OR c.level::text = ANY (:levels)) AND (:categories::text[] IS NULL OR c.category = ANY (:categories))
        AND (:clocks::text[] IS NULL OR clock_of(c.state, c.suspended, c.warn_at, c.due_at, now()) = ANY (:clocks))
        AND (:since::date IS NULL OR c.occurred_at >= :since::date::timestamp AT TIME ZONE 'Asia/Shanghai')
        AND (:until::date IS NULL OR c.occurred_at < (:until::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
        AND (:codes::text[] IS NULL OR i.code = ANY (:codes))
    UNION ALL
    SELECT NULL, m.kind, m.told, m.size, NULL, NULL, m.place
    FROM (SELECT 1 WHERE (SELECT has_role('{wall}'))) AS wall CROSS JOIN incident_marks(:z, :x, :y, :kinds) AS m
    WHERE :states::text[] IS NULL AND :levels::text[] IS NULL AND :clocks::text[] IS NULL AND :categories::text[] IS NULL
        AND :since::date IS NULL AND :until::date IS NULL AND :codes::text[] IS NULL
) AS t;

-- name: records
-- One point per incident with what the tooltip shows, and how it stands with its clock.
SELECT ST_AsMVT(t, 'incident', 4096, 'geom') FROM (
    SELECT i.id, i.code, c.kind, NULL::text AS told, NULL::integer AS size, i.category, shown(i.title) AS title, c.state,
        clock_of(c.state, c.suspended, c.warn_at, c.due_at, now()) AS clock, c.level,
        to_char(i.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS occurred_at,
        to_char(c.due_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS due_at,
        ST_AsMVTGeom(i.geom_web, ST_TileEnvelope(:z, :x, :y), 4096, 0) AS geom
    FROM incident i JOIN casefile c ON c.incident_id = i.id
    WHERE i.geom_web && ST_TileEnvelope(:z, :x, :y)
        AND (:kinds::text[] IS NULL OR c.kind = ANY (:kinds)) AND (:states::text[] IS NULL OR c.state = ANY (:states))
        AND (:levels::text[] IS NULL OR c.level::text = ANY (:levels)) AND (:categories::text[] IS NULL OR c.category = ANY (:categories))
        AND (:clocks::text[] IS NULL OR clock_of(c.state, c.suspended, c.warn_at, c.due_at, now()) = ANY (:clocks))
        AND (:since::date IS NULL OR c.occurred_at >= :since::date::timestamp AT TIME ZONE 'Asia/Shanghai')
        AND (:until::date IS NULL OR c.occurred_at < (:until::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
        AND (:codes::text[] IS NULL OR i.code = ANY (:codes))
    UNION ALL
    SELECT NULL, NULL, m.kind, m.told, m.size, NULL, NULL, NULL, NULL, NULL, NULL, NULL, m.place
    FROM (SELECT 1 WHERE (SELECT has_role('{wall}'))) AS wall CROSS JOIN incident_marks(:z, :x, :y, :kinds) AS m
    WHERE :states::text[] IS NULL AND :levels::text[] IS NULL AND :clocks::text[] IS NULL AND :categories::text[] IS NULL
        AND :since::date IS NULL AND :until::date IS NULL AND :codes::text[] IS NULL
) AS t;
