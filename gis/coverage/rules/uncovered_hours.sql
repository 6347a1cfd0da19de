-- Incidents and presence of each area by hour of the week in the last hours_days, Beijing time: one
-- row per area with the hours (0 = Monday 0 o'clock … 167) at which anything happened, how many
-- incidents, and on how many days somebody of the grid was there in that hour. Presence is a visit,
-- an hour of a track, an incident the patrol found. A record at midnight to the second has a day
-- but no hour and is left out, and so is what counts as of the last second of the judged day because
-- it came later. The module hours.py beside this file judges the rows; gis/coverage/hours.py
-- asks the same of one area or grid. Only the network whose grids the incidents carry is judged.
WITH span AS (
    SELECT n.at - make_interval(days => p.value::integer) AS begins, n.at AS ends
    FROM cov_now AS n, cov_param AS p
    WHERE p.key = 'hours_days' AND EXISTS (SELECT FROM cov_incident WHERE grid_code IS NOT NULL)
),
home AS (
    SELECT g.code, h.area_id FROM cov_grid AS g JOIN cov_home AS h ON h.grid_id = g.id WHERE h.area_id IS NOT NULL
),
happened AS MATERIALIZED (
    SELECT h.area_id, i.occurred_at AT TIME ZONE 'Asia/Shanghai' AS moment, i.channel = 'patrol' AS patrol,
        CASE WHEN h.area_id IS NULL THEN i.geom END AS geom
    FROM span AS s
    JOIN cov_incident AS i ON i.occurred_at > s.begins AND i.occurred_at < s.ends
    LEFT JOIN home AS h ON h.code = i.grid_code
),
incident AS (
    SELECT area_id, moment, patrol FROM happened WHERE area_id IS NOT NULL
    UNION ALL
    SELECT a.id, m.moment, m.patrol
    FROM cov_area AS a
    JOIN happened AS m ON m.geom && a.geom AND ST_Covers(a.geom, m.geom)
),
visited AS MATERIALIZED (
    SELECT h.area_id, v.visited_at AT TIME ZONE 'Asia/Shanghai' AS moment,
        CASE WHEN h.area_id IS NULL THEN coalesce(v.geom, b.geom) END AS geom
    FROM span AS s
    JOIN cov_visit AS v ON v.visited_at > s.begins AND v.visited_at < s.ends
    LEFT JOIN home AS h ON h.code = v.grid_code
    LEFT JOIN cov_building AS b ON h.area_id IS NULL AND v.geom IS NULL AND b.id = v.building_id
),
walked AS (
    SELECT a.id AS area_id, h.moment
    FROM span AS s
    JOIN cov_track AS t ON t.started_at > s.begins AND t.started_at < s.ends
    JOIN cov_area AS a ON t.geom && a.geom AND ST_Intersects(a.geom, t.geom)
    CROSS JOIN LATERAL generate_series(
        date_trunc('hour', t.started_at AT TIME ZONE 'Asia/Shanghai'),
        least(t.ended_at, t.started_at + interval '24 hours', s.ends) AT TIME ZONE 'Asia/Shanghai', interval '1 hour'
    ) AS h (moment)
),
present AS (
    SELECT DISTINCT area_id, date_trunc('hour', moment) AS hour
    FROM (
        SELECT area_id, moment FROM incident WHERE patrol AND moment <> date_trunc('day', moment)
        UNION ALL
        SELECT area_id, moment FROM visited WHERE area_id IS NOT NULL AND moment <> date_trunc('day', moment)
        UNION ALL
        SELECT a.id, v.moment
        FROM cov_area AS a
        JOIN visited AS v ON v.geom && a.geom AND ST_Covers(a.geom, v.geom)
        WHERE v.moment <> date_trunc('day', v.moment)
        UNION ALL
        SELECT area_id, moment FROM walked
    ) AS p
),
slots AS (
    SELECT area_id, slot, sum(incidents)::integer AS incidents, sum(presence)::integer AS presence
    FROM (
        SELECT area_id, (extract(isodow FROM moment) * 24 - 24 + extract(hour FROM moment))::integer AS slot, 1 AS incidents, 0 AS presence
        FROM incident WHERE moment <> date_trunc('day', moment)
        UNION ALL
        SELECT area_id, (extract(isodow FROM hour) * 24 - 24 + extract(hour FROM hour))::integer, 0, 1 FROM present
    ) AS c
    GROUP BY area_id, slot
),
load AS (
    SELECT h.area_id, count(*)::integer AS buildings, sum(b.households)::integer AS households
    FROM (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS s
    JOIN cov_home AS h ON h.grid_id = s.grid_id
    JOIN cov_building AS b ON b.id = s.building_id
    GROUP BY h.area_id
)
SELECT
    a.id AS area_id, a.code AS area, ST_AsBinary(a.geom) AS geom, area_m2(a.geom) AS area_m2,
    coalesce(l.buildings, 0) AS buildings, coalesce(l.households, 0) AS households,
    c.slots, c.incidents, c.presence
FROM cov_area AS a
JOIN (
    SELECT area_id, array_agg(slot ORDER BY slot) AS slots, array_agg(incidents ORDER BY slot) AS incidents,
        array_agg(presence ORDER BY slot) AS presence
    FROM slots GROUP BY area_id
) AS c ON c.area_id = a.id
LEFT JOIN load AS l ON l.area_id = a.id
ORDER BY a.code
