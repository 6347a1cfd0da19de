-- name: unmarked
-- Figures of the newest run, where nothing has changed since.
SELECT r.summary FROM atlas.refresh AS r
WHERE r.network_id = %(network)s AND NOT EXISTS (SELECT FROM atlas.dirty AS d WHERE d.network_id = r.network_id)
ORDER BY r.id DESC LIMIT 1

-- name: idle
-- There was nothing to do.
UPDATE atlas.run SET stage = 'done', step = steps, seen_at = now(), finished_at = now() WHERE network_id = %(network)s

-- name: clean
-- Takes the marks of a network: it is judged whole.
DELETE FROM atlas.dirty WHERE network_id = %(network)s

-- name: clean_statistics
-- Takes the marks that ask for the comparison of the whole network.
DELETE FROM atlas.dirty WHERE network_id = %(network)s AND kind = 'statistics'

-- name: ran
-- The run is done; a whole one says when it began and what there was.
INSERT INTO atlas.run AS r (network_id, task, stage, started_at, finished_at, whole_at, there)
VALUES (%(network)s, %(task)s, 'done', %(at)s, clock_timestamp(), CASE WHEN %(task)s = 'all' THEN %(at)s END, %(there)s)
ON CONFLICT (network_id) DO UPDATE SET task = EXCLUDED.task, stage = 'done', step = r.steps, error = NULL, actor = EXCLUDED.actor,
    started_at = EXCLUDED.started_at, seen_at = clock_timestamp(), finished_at = EXCLUDED.finished_at,
    whole_at = coalesce(EXCLUDED.whole_at, r.whole_at), there = coalesce(EXCLUDED.there, r.there)

-- name: recount
-- Counts the findings of the newest figures anew, after the rules that compare the whole network.
UPDATE atlas.refresh AS r SET finished_at = clock_timestamp(), summary = r.summary || jsonb_build_object(
    'digest', NULL,
    'by_rule', (SELECT jsonb_object_agg(k.rule, 0) FROM jsonb_object_keys(r.summary -> 'by_rule') AS k (rule))
        || coalesce((SELECT jsonb_object_agg(c.rule, c.n) FROM (SELECT rule, count(*) AS n FROM atlas.finding WHERE network_id = %(network)s GROUP BY rule) AS c), '{}'),
    'by_severity', '{"block": 0, "blind": 0, "warn": 0, "hint": 0}'::jsonb
        || coalesce((SELECT jsonb_object_agg(c.severity, c.n) FROM (SELECT severity, count(*) AS n FROM atlas.finding WHERE network_id = %(network)s GROUP BY severity) AS c), '{}'),
    'accepted', (SELECT count(*) FROM atlas.finding WHERE network_id = %(network)s AND accepted)
)
WHERE r.id = (SELECT max(id) FROM atlas.refresh WHERE network_id = %(network)s)

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
