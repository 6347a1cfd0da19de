-- Grids nobody looks after on the day: no chief and no worker in post, or all of them on long leave
-- (leave_days_min, or without an end): blind. A chief without any worker, workers without a chief, a
-- worker with more grids than grids_per_worker_max: warn. The last day of a post counts; guides do not
-- count. Nothing is judged in a network without posts.
WITH held AS MATERIALIZED (
    SELECT p.grid_code, p.person_id, bool_or(p.duty = 'chief') AS chief, bool_or(p.duty <> 'chief') AS worker
    FROM cov_post AS p, cov_now AS n
    WHERE p.grid_code IS NOT NULL AND p.duty IN ('chief', 'worker', 'part_time')
      AND p.valid_from <= n.day AND (p.valid_to IS NULL OR p.valid_to >= n.day)
    GROUP BY p.grid_code, p.person_id
),
away AS ( -- leave without a day between is one leave
    SELECT l.person_id, lower(l.days) AS since
    FROM (
        SELECT person_id, unnest(range_agg(daterange(begins, ends, '[]'))) AS days FROM cov_leave
        WHERE ends IS NULL OR ends >= begins GROUP BY person_id
    ) AS l
    JOIN cov_now AS n ON l.days @> n.day
    WHERE upper_inf(l.days) OR upper(l.days) - lower(l.days) >= (SELECT value FROM cov_param WHERE key = 'leave_days_min')
),
staff AS MATERIALIZED (
    SELECT h.grid_code, count(*) AS people, count(*) FILTER (WHERE h.chief) AS chiefs, count(*) FILTER (WHERE h.worker) AS workers,
        count(a.person_id) AS away, max(a.since) AS since
    FROM held AS h
    LEFT JOIN away AS a ON a.person_id = h.person_id
    GROUP BY h.grid_code
),
former AS (
    SELECT p.grid_code, max(p.valid_to) + 1 AS since
    FROM cov_post AS p, cov_now AS n
    WHERE p.grid_code IS NOT NULL AND p.duty IN ('chief', 'worker', 'part_time') AND p.valid_to < n.day
    GROUP BY p.grid_code
),
load AS MATERIALIZED (
    SELECT s.grid_id, count(*) AS buildings, sum(b.households) AS households, array_agg(b.id ORDER BY b.id) AS ids
    FROM (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS s
    JOIN cov_building AS b ON b.id = s.building_id
    GROUP BY s.grid_id
),
bare AS MATERIALIZED (
    SELECT g.id, g.code, g.geom, h.area_id, coalesce(s.people, 0) AS people, coalesce(s.away, 0) AS away,
        CASE WHEN coalesce(s.people, 0) = 0 THEN 'nobody' WHEN s.away = s.people THEN 'leave'
            WHEN s.workers = 0 THEN 'no_worker' ELSE 'no_chief' END AS kind,
        CASE WHEN s.people > 0 THEN CASE WHEN s.away = s.people THEN s.since END ELSE f.since END AS since
    FROM cov_grid AS g
    JOIN cov_home AS h ON h.grid_id = g.id
    LEFT JOIN staff AS s ON s.grid_code = g.code
    LEFT JOIN former AS f ON f.grid_code = g.code
    WHERE (s.grid_code IS NULL OR s.away = s.people OR s.workers = 0 OR s.chiefs = 0)
      AND EXISTS (SELECT FROM cov_post WHERE grid_code IS NOT NULL)
),
helper AS (
    -- Who could stand in: workers of touching grids of the same community, the lightest first.
    SELECT b.id, jsonb_agg(jsonb_build_object('action', 'appoint', 'grid', b.code, 'from', c.code, 'households', c.households)
        ORDER BY c.households, c.code) AS remedies
    FROM bare AS b
    CROSS JOIN LATERAL (
        SELECT g.code, coalesce(l.households, 0) AS households
        FROM cov_grid AS g
        JOIN cov_home AS h ON h.grid_id = g.id AND h.area_id = b.area_id
        JOIN staff AS s ON s.grid_code = g.code AND s.workers > 0 AND s.away < s.people
        LEFT JOIN load AS l ON l.grid_id = g.id
        WHERE g.id <> b.id AND g.geom && b.geom AND ST_Intersects(g.geom, b.geom)
        ORDER BY 2, 1
        LIMIT 2
    ) AS c
    GROUP BY b.id
),
several AS MATERIALIZED (
    SELECT h.person_id, count(*) AS grids
    FROM held AS h
    WHERE h.worker
    GROUP BY h.person_id
    HAVING count(*) > (SELECT value FROM cov_param WHERE key = 'grids_per_worker_max')
),
stretched AS (
    SELECT s.person_id, s.grids, m.area_id, array_agg(g.code ORDER BY g.code) AS codes, ST_Multi(ST_Union(g.geom ORDER BY g.id)) AS geom,
        sum(coalesce(l.buildings, 0)) AS buildings, sum(coalesce(l.households, 0)) AS households
    FROM several AS s
    JOIN held AS h ON h.person_id = s.person_id AND h.worker
    JOIN cov_grid AS g ON g.code = h.grid_code
    JOIN cov_home AS m ON m.grid_id = g.id
    LEFT JOIN load AS l ON l.grid_id = g.id
    GROUP BY s.person_id, s.grids, m.area_id
)
SELECT
    CASE WHEN b.kind IN ('nobody', 'leave') THEN 'blind' ELSE 'warn' END AS severity,
    b.geom,
    jsonb_build_object(
        'area_m2', area_m2(b.geom), 'buildings', coalesce(l.buildings, 0), 'households', coalesce(l.households, 0),
        'staff', b.people, 'away', b.away
    ) AS measure,
    jsonb_strip_nulls(jsonb_build_object('kind', b.kind, 'grid', b.code, 'since', b.since)) AS subjects,
    ARRAY[b.code] AS grid_codes,
    coalesce(l.ids, '{}') AS building_ids,
    b.area_id,
    coalesce(h.remedies, jsonb_build_array(jsonb_build_object('action', 'appoint', 'grid', b.code))) AS remedies
FROM bare AS b
LEFT JOIN load AS l ON l.grid_id = b.id
LEFT JOIN helper AS h ON h.id = b.id
UNION ALL
SELECT
    'warn', s.geom,
    jsonb_build_object(
        'area_m2', area_m2(s.geom), 'buildings', s.buildings, 'households', s.households, 'grids', s.grids,
        'grids_max', (SELECT value FROM cov_param WHERE key = 'grids_per_worker_max')
    ),
    jsonb_build_object('kind', 'stretched', 'worker', s.person_id, 'area', s.area_id),
    s.codes, '{}'::bigint[], s.area_id,
    '[{"action": "relieve"}]'::jsonb
FROM stretched AS s
