-- name: days
-- (key, day, buildings, households, blind buildings, blind households, open findings by rule) of a stretch of days and of
-- the last one before it. The key tells series apart whose sum is wanted.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s::text
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
), series AS MATERIALIZED (
    SELECT coalesce('grid ' || d.grid_code, 'area ' || d.area_id, '') AS key, d.*
    FROM atlas.coverage_day AS d JOIN atlas.network AS n ON n.id = d.network_id
    WHERE n.code = %(network)s AND d.day <= %(until)s
        AND CASE WHEN %(grid)s::text IS NOT NULL THEN d.grid_code = %(grid)s
            WHEN %(area)s::text IS NOT NULL THEN d.grid_code IS NULL AND d.area_id IN (SELECT id FROM wanted)
            ELSE %(wide)s AND d.area_id IS NULL AND d.grid_code IS NULL
                OR NOT %(wide)s AND CASE WHEN d.grid_code IS NULL THEN d.area_id IS NOT NULL
                    ELSE (d.area_id = ANY ((SELECT atlas.scope_areas())::bigint[])) IS NOT TRUE END END
)
SELECT s.key, s.day, s.buildings, s.households, s.blind_buildings, s.blind_households, s.open
FROM series AS s
WHERE s.day >= %(since)s OR s.day = (SELECT max(o.day) FROM series AS o WHERE o.key = s.key AND o.day < %(since)s)
ORDER BY s.day, s.key

-- name: wide
-- (the office's day, whether the actor works on the whole office)
SELECT atlas.today(), atlas.everywhere()

-- name: changes
-- What is new, came back or is gone since a moment, with households: by rule, area or grid.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s::text
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
), moved AS MATERIALIZED (
    SELECT DISTINCT e.ledger_id FROM atlas.ledger_event AS e WHERE e.at > %(since)s AND e.act IN ('found', 'gone', 'returned')
), judged AS MATERIALIZED (
    SELECT l.rule, l.area_id, l.grid_codes, l.households, l.finding_id IS NOT NULL AS stands, l.first_seen > %(since)s AS fresh,
        coalesce((
            SELECT e.act <> 'gone' FROM atlas.ledger_event AS e
            WHERE e.ledger_id = l.id AND e.act IN ('found', 'gone', 'returned') AND e.at <= %(since)s ORDER BY e.id DESC LIMIT 1
        ), false) AS stood
    FROM moved AS m
    JOIN atlas.ledger AS l ON l.id = m.ledger_id
    JOIN atlas.network AS n ON n.id = l.network_id
    WHERE n.code = %(network)s AND (%(area)s::text IS NULL OR l.area_id IN (SELECT id FROM wanted))
        AND (%(grid)s::text IS NULL OR l.grid_codes @> ARRAY[%(grid)s::text])
)
SELECT * FROM (
SELECT CASE WHEN %(by)s = 'area' THEN a.code WHEN %(by)s = 'grid' THEN g.code ELSE j.rule END AS key,
    CASE WHEN %(by)s = 'area' THEN a.name END AS name,
    count(*) FILTER (WHERE j.stands AND j.fresh) AS new,
    count(*) FILTER (WHERE j.stands AND NOT j.stood AND NOT j.fresh) AS returned,
    count(*) FILTER (WHERE j.stood AND NOT j.stands) AS gone,
    coalesce(sum(j.households) FILTER (WHERE j.stands AND j.fresh), 0)::bigint AS new_households,
    coalesce(sum(j.households) FILTER (WHERE j.stands AND NOT j.stood AND NOT j.fresh), 0)::bigint AS returned_households,
    coalesce(sum(j.households) FILTER (WHERE j.stood AND NOT j.stands), 0)::bigint AS gone_households
FROM judged AS j
LEFT JOIN atlas.area AS a ON a.id = j.area_id
LEFT JOIN LATERAL unnest(j.grid_codes) AS g (code) ON %(by)s = 'grid'
WHERE (j.stands <> j.stood) AND (%(by)s <> 'grid' OR g.code IS NOT NULL)
GROUP BY 1, 2
) AS c
ORDER BY c.new_households + c.returned_households DESC, c.new DESC, c.key

-- name: standing
-- Areas or grids as they stand now, and as they stood on a day: most blind households first.
WITH net AS (
    SELECT id FROM atlas.network WHERE code = %(network)s
)
SELECT coalesce(c.grid_code, a.code) AS code, CASE WHEN c.grid_code IS NULL THEN a.name ELSE g.name END AS name, a.code AS area_code,
    c.buildings, c.households, c.blind_buildings, c.blind_households,
    p.buildings AS past_buildings, p.households AS past_households, p.blind_buildings AS past_blind_buildings,
    p.blind_households AS past_blind_households
FROM net CROSS JOIN LATERAL atlas.covered(net.id, %(grids)s) AS c
LEFT JOIN atlas.area AS a ON a.id = c.area_id
LEFT JOIN atlas.grid AS g ON g.network_id = net.id AND g.code = c.grid_code AND g.valid_to IS NULL
LEFT JOIN LATERAL (
    SELECT d.* FROM atlas.coverage_day AS d
    WHERE d.network_id = net.id AND d.day <= %(day)s
        AND CASE WHEN c.grid_code IS NULL THEN d.area_id = c.area_id AND d.grid_code IS NULL ELSE d.grid_code = c.grid_code END
    ORDER BY d.day DESC LIMIT 1
) AS p ON true
WHERE CASE WHEN %(grids)s THEN c.grid_code IS NOT NULL ELSE c.grid_code IS NULL AND c.area_id IS NOT NULL END
    AND (%(area)s::text IS NULL OR a.code = %(area)s)
ORDER BY c.blind_households DESC, c.blind_buildings DESC, 1
