-- name: network
-- Id of a network, and the moment its rules judge.
SELECT id, atlas.judged_at(id, %(now)s) FROM atlas.network WHERE code = %(network)s

-- name: areas
-- Relations of the rule uncovered_hours: areas of the lowest level present, all or those in one area.
cov_area AS (
    SELECT a.id, a.code, a.name, a.level, a.geom FROM atlas.area AS a
    WHERE a.level = (SELECT level FROM atlas.area ORDER BY array_position(ARRAY['community', 'street', 'district'], level) LIMIT 1)
      AND (%(area)s::text IS NULL OR a.id IN (
        WITH RECURSIVE down AS (
            SELECT id FROM atlas.area WHERE code = %(area)s
            UNION
            SELECT b.id FROM down AS d JOIN atlas.area AS b ON b.parent_id = d.id
        )
        SELECT id FROM down
    ))
),
cov_grid AS (SELECT id, code, area_id FROM atlas.grid WHERE network_id = %(id)s AND valid_to IS NULL),
cov_home AS (SELECT g.id AS grid_id, a.id AS area_id FROM cov_grid AS g LEFT JOIN cov_area AS a ON a.id = g.area_id)

-- name: grid
-- The same with one grid for an area.
cov_grid AS (SELECT id, code, name, geom FROM atlas.grid WHERE network_id = %(id)s AND valid_to IS NULL AND code = %(grid)s),
cov_area AS (SELECT id, code, name, 'grid'::text AS level, geom FROM cov_grid),
cov_home AS (SELECT id AS grid_id, id AS area_id FROM cov_grid)

-- name: records
-- The records the rule reads, as far as they can lie in those areas.
reach AS (SELECT ST_Envelope(ST_Collect(geom)) AS geom FROM cov_area),
cov_now AS (SELECT %(at)s::timestamptz AS at),
cov_param AS (SELECT 'hours_days'::text AS key, %(days)s::double precision AS value),
cov_incident AS (
    SELECT i.occurred_at, i.channel, g.code AS grid_code, i.geom
    FROM atlas.incident AS i
    LEFT JOIN atlas.grid AS g ON g.id = i.grid_id AND g.network_id = %(id)s
    WHERE g.code IN (SELECT code FROM cov_grid) OR i.geom && (SELECT geom FROM reach)
    UNION ALL
    SELECT NULL, '', '', NULL -- the rule asks whether the network has incidents at all; a page shows any
),
cov_visit AS (
    SELECT v.visited_at, CASE WHEN v.network_id = %(id)s THEN v.grid_code END AS grid_code, v.building_id, v.geom
    FROM atlas.visit AS v WHERE v.counts
),
cov_track AS (
    SELECT t.started_at, t.ended_at, t.counted AS geom FROM atlas.track AS t
    WHERE t.counted && (SELECT geom FROM reach)
),
cov_building AS (SELECT id, geom, households FROM atlas.building),
cov_assignment AS (SELECT NULL::bigint AS building_id, NULL::bigint AS grid_id WHERE false)
