-- Grids and buildings nobody visited within the interval and grace of the visit policy: the last visit that
-- counts, else the day it began to be due: for a grid the day its code was first drawn (a new border does not
-- begin it anew), for a building the day it was built,
-- for both not before the network's visits began to be recorded. A grid: blind, its patrol is missing; the
-- overdue buildings of a grid: one row, warn, with the latest ones by name. A row of the policy for the kind of
-- grid goes before one for any kind, one for the kind of building before 'household' (a building with
-- households). Nothing is judged without visits.
WITH since AS (
    SELECT (min(visited_at) FILTER (WHERE grid_code IS NOT NULL) AT TIME ZONE 'Asia/Shanghai')::date AS grids,
        (min(visited_at) FILTER (WHERE building_id IS NOT NULL) AT TIME ZONE 'Asia/Shanghai')::date AS buildings
    FROM cov_visit
),
patrol AS MATERIALIZED (
    SELECT v.grid_code, (max(v.visited_at) AT TIME ZONE 'Asia/Shanghai')::date AS day
    FROM cov_visit AS v, cov_now AS n
    WHERE v.grid_code IS NOT NULL AND v.visited_at <= n.at
    GROUP BY v.grid_code
),
call AS MATERIALIZED (
    SELECT v.building_id, (max(v.visited_at) AT TIME ZONE 'Asia/Shanghai')::date AS day
    FROM cov_visit AS v, cov_now AS n
    WHERE v.building_id IS NOT NULL AND v.visited_at <= n.at
    GROUP BY v.building_id
),
asked AS MATERIALIZED ( -- by kinds, not by grid or building: a few rows
    SELECT DISTINCT ON (k.kind, p.object) k.kind, p.object, p.interval_days, p.grace_days
    FROM (SELECT DISTINCT kind FROM cov_grid) AS k
    JOIN cov_policy AS p ON p.grid_kind IN (k.kind, '*')
    ORDER BY k.kind, p.object, p.grid_kind = '*', p.interval_days, p.grace_days
),
stock AS MATERIALIZED (
    SELECT s.grid_id, b.id, b.code, b.kind, b.households, b.built_on
    FROM (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS s
    JOIN cov_building AS b ON b.id = s.building_id
    CROSS JOIN cov_now AS n
    WHERE (b.demolished_on IS NULL OR b.demolished_on > n.day) AND (b.built_on IS NULL OR b.built_on <= n.day)
),
grid AS MATERIALIZED (
    SELECT g.id, g.code, g.geom, p.day AS last, r.interval_days, r.grace_days,
        n.day - coalesce(p.day, greatest(g.since, s.grids)) - r.interval_days - r.grace_days AS late
    FROM cov_grid AS g
    JOIN asked AS r ON r.kind = g.kind AND r.object = 'grid'
    CROSS JOIN cov_now AS n
    CROSS JOIN since AS s
    LEFT JOIN patrol AS p ON p.grid_code = g.code
    WHERE s.grids IS NOT NULL
),
load AS (
    SELECT k.grid_id, count(*) AS buildings, sum(k.households) AS households, array_agg(k.id ORDER BY k.id) AS ids
    FROM stock AS k JOIN grid AS g ON g.id = k.grid_id AND g.late > 0
    GROUP BY k.grid_id
),
house AS (
    SELECT k.grid_id, k.id, k.code, k.households, c.day AS last, coalesce(own.interval_days, home.interval_days) AS interval_days,
        n.day - coalesce(c.day, greatest(k.built_on, s.buildings)) - coalesce(own.interval_days + own.grace_days, home.interval_days + home.grace_days) AS late
    FROM stock AS k
    JOIN cov_grid AS g ON g.id = k.grid_id
    LEFT JOIN asked AS own ON own.kind = g.kind AND own.object = k.kind
    LEFT JOIN asked AS home ON home.kind = g.kind AND home.object = 'household' AND k.households > 0
    CROSS JOIN cov_now AS n
    CROSS JOIN since AS s
    LEFT JOIN call AS c ON c.building_id = k.id
    WHERE s.buildings IS NOT NULL
),
houses AS (
    SELECT grid_id, count(*) AS buildings, sum(households) AS households, array_agg(id ORDER BY id) AS ids, max(late) AS late,
        count(*) FILTER (WHERE last IS NULL) AS never, min(last) AS last, min(interval_days) AS interval_days,
        (array_agg(jsonb_strip_nulls(jsonb_build_object('building', code, 'late_days', late, 'last', last)) ORDER BY late DESC, code))[1:20] AS latest
    FROM house
    WHERE late > 0
    GROUP BY grid_id
)
SELECT
    'blind' AS severity,
    g.geom,
    jsonb_build_object(
        'area_m2', area_m2(g.geom), 'buildings', coalesce(l.buildings, 0), 'households', coalesce(l.households, 0),
        'late_days', g.late, 'interval_days', g.interval_days, 'grace_days', g.grace_days
    ) AS measure,
    jsonb_strip_nulls(jsonb_build_object('kind', 'grid', 'last', g.last)) AS subjects,
    ARRAY[g.code] AS grid_codes,
    coalesce(l.ids, '{}') AS building_ids,
    h.area_id,
    jsonb_build_array(jsonb_build_object('action', 'visit', 'grid', g.code)) AS remedies
FROM grid AS g
JOIN cov_home AS h ON h.grid_id = g.id
LEFT JOIN load AS l ON l.grid_id = g.id
WHERE g.late > 0
UNION ALL
SELECT
    'warn', g.geom,
    jsonb_build_object(
        'area_m2', area_m2(g.geom), 'buildings', o.buildings, 'households', o.households, 'late_days', o.late,
        'never', o.never, 'interval_days', o.interval_days
    ),
    jsonb_strip_nulls(jsonb_build_object('kind', 'buildings', 'last', o.last, 'latest', to_jsonb(o.latest))),
    ARRAY[g.code], o.ids, h.area_id,
    jsonb_build_array(jsonb_build_object('action', 'visit', 'grid', g.code, 'buildings', o.buildings))
FROM houses AS o
JOIN cov_grid AS g ON g.id = o.grid_id
JOIN cov_home AS h ON h.grid_id = g.id
