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

-- name: done
-- The refresh itself.
INSERT INTO atlas.refresh (network_id, summary, started_at) VALUES (%(network)s, %(summary)s, %(started)s)

-- name: audit
-- Who refreshed what.
INSERT INTO atlas.audit (action, relation, subject, after) VALUES ('refresh', 'finding', %(code)s, %(after)s)
