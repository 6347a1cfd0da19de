-- name: network
-- The network and its parameters.
SELECT id, sliver_width_m, border_distance_m, households_min, households_max
FROM atlas.network WHERE code = %(network)s

-- name: known
-- Whether any building has households, and how many have no footprint.
SELECT EXISTS (SELECT FROM atlas.building WHERE households > 0), (SELECT count(*) FROM atlas.building WHERE footprint IS NULL)

-- name: assigned
-- cov_assigned: the grid of each building, the lowest id where several cover it.
SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id

-- name: drop_stale
-- Assignments that no longer hold.
DELETE FROM atlas.assignment AS s
WHERE s.network_id = %(network)s
  AND NOT EXISTS (SELECT FROM cov_assigned AS n WHERE n.building_id = s.building_id AND n.grid_id = s.grid_id)

-- name: add_fresh
-- Assignments that are not there yet.
INSERT INTO atlas.assignment (network_id, building_id, grid_id)
SELECT %(network)s, n.building_id, n.grid_id
FROM cov_assigned AS n
LEFT JOIN atlas.assignment AS s ON s.network_id = %(network)s AND s.building_id = n.building_id
WHERE s.building_id IS NULL

-- name: differences
-- How many assignments differ from what is stored.
SELECT count(*)
FROM cov_assigned AS n
FULL JOIN (SELECT building_id, grid_id FROM atlas.assignment WHERE network_id = %(network)s) AS s USING (building_id, grid_id)
WHERE n.building_id IS NULL OR s.building_id IS NULL

-- name: building_codes
-- (id, code) of buildings.
SELECT id, code FROM atlas.building WHERE id = ANY (%(ids)s)

-- name: incident_codes
-- (id, code) of incidents.
SELECT id, code FROM atlas.incident WHERE id = ANY (%(ids)s)

-- name: newest_digest
-- Digest of the findings of the newest refresh, and how many rows are stored.
SELECT (SELECT summary ->> 'digest' FROM atlas.refresh WHERE network_id = %(network)s ORDER BY id DESC LIMIT 1),
    (SELECT count(*) FROM atlas.finding WHERE network_id = %(network)s)

-- name: clear
-- Findings of the network of the last refresh.
DELETE FROM atlas.finding WHERE network_id = %(network)s

-- name: stage
-- Where the findings of this refresh wait: they are stored by one statement, since each one runs the triggers.
CREATE TEMPORARY TABLE fresh_finding (
    rule text, severity text, geom bytea, area_m2 double precision, buildings double precision, households double precision, measure jsonb,
    grid_codes text[], building_codes text[], subjects jsonb, remedies jsonb, area_id bigint
) ON COMMIT DROP

-- name: fill
-- Takes the findings in.
COPY pg_temp.fresh_finding FROM STDIN

-- name: add
-- The findings of this refresh (COPY itself does not work under row-level security).
INSERT INTO atlas.finding (
    network_id, rule, severity, geom, area_m2, buildings, households, measure, grid_codes, building_codes,
    subjects, remedies, area_id, key
)
SELECT %(network)s, rule, severity, ST_GeomFromWKB(geom, 4490), area_m2, buildings, households, measure, grid_codes,
    building_codes, subjects, remedies, area_id, gen_random_uuid()::text
FROM pg_temp.fresh_finding

-- name: done
-- The refresh itself.
INSERT INTO atlas.refresh (network_id, summary, started_at) VALUES (%(network)s, %(summary)s, %(started)s)

-- name: audit
-- Who refreshed what.
INSERT INTO atlas.audit (action, relation, subject, after) VALUES ('refresh', 'finding', %(code)s, %(after)s)
