-- Clocks of many cases.

-- name: fresh
-- cases that have one event and no clock
SELECT f.incident_id, f.kind, f.channel, f.category, f.level, f.state, e.at, (e.data ->> 'due')::timestamptz, f.closed_at
FROM atlas.casefile AS f
JOIN atlas.case_event AS e ON e.incident_id = f.incident_id AND e.seq = 1
WHERE f.incident_id = ANY (%(ids)s::bigint[]) AND f.seq = 1 AND NOT f.suspended
    AND NOT EXISTS (SELECT FROM atlas.case_clock AS c WHERE c.incident_id = f.incident_id);

-- name: tray!
-- where new clocks are copied to
CREATE TEMPORARY TABLE IF NOT EXISTS new_clock (incident_id bigint, stage text, starts_at timestamptz, kind text, amount numeric,
    warn_share numeric, source text, due_at timestamptz, warn_at timestamptz, ended_at timestamptz, provisional boolean) ON COMMIT DROP;

-- name: fill!
-- copies them there
COPY pg_temp.new_clock FROM STDIN;

-- name: insert!
-- writes the clocks that were copied, and empties the tray
WITH taken AS (DELETE FROM pg_temp.new_clock RETURNING *)
INSERT INTO atlas.case_clock (incident_id, stage, starts_at, kind, amount, warn_share, source, due_at, warn_at, ended_at, provisional)
SELECT * FROM taken;

-- name: events
-- what happened to cases, each one's oldest first
SELECT e.incident_id, e.act, e.state, e.at, e.actor, e.note, e.data FROM atlas.case_event AS e
WHERE e.incident_id = ANY (%(ids)s::bigint[]) ORDER BY e.incident_id, e.seq;

-- name: cases
-- what a replay has to know of cases
SELECT f.incident_id, f.kind, f.channel, f.category, f.closed_at FROM atlas.casefile AS f WHERE f.incident_id = ANY (%(ids)s::bigint[]) ORDER BY f.incident_id;

-- name: imported
-- cases of an import whose last event is newer than their clocks, or that have none
SELECT i.id FROM atlas.incident AS i
JOIN atlas.casefile AS f ON f.incident_id = i.id
JOIN atlas.case_event AS e ON e.incident_id = i.id AND e.seq = f.seq
LEFT JOIN LATERAL (SELECT max(c.updated_at) AS at FROM atlas.case_clock AS c WHERE c.incident_id = i.id) AS c ON true
WHERE i.source_id = %(import)s AND (c.at IS NULL OR e.created_at > c.at) ORDER BY i.id;

-- name: bare
-- open cases without any clock
SELECT f.incident_id FROM atlas.casefile AS f
WHERE f.state NOT IN ('closed', 'rejected', 'merged') AND NOT EXISTS (SELECT FROM atlas.case_clock AS c WHERE c.incident_id = f.incident_id)
ORDER BY f.incident_id LIMIT %(most)s;

-- name: running
-- cases whose clocks run by office days or hours
SELECT DISTINCT c.incident_id FROM atlas.case_clock AS c
WHERE c.ended_at IS NULL AND c.kind IN ('work_hour', 'work_day') AND (c.provisional OR NOT %(provisional)s) ORDER BY c.incident_id;
