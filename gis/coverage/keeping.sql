-- name: stage
-- What this run found (kept_fresh), which stored findings are up for replacement (kept_old), and who continues whom (kept_match).
CREATE TEMPORARY TABLE kept_fresh (
    n integer, rule text, key text, severity text, wkb bytea, measure jsonb, subjects jsonb, grid_codes text[],
    building_ids bigint[], building_codes text[], area_id bigint, remedies jsonb,
    geom geometry GENERATED ALWAYS AS (ST_GeomFromWKB(wkb, 4490)) STORED
);
CREATE TEMPORARY TABLE kept_old (
    finding_id bigint, rule text, key text, ledger_id bigint
);
CREATE TEMPORARY TABLE kept_match (
    n integer, rule text, key text, finding_id bigint, ledger_id bigint, fate text, split_from bigint
);

-- name: index
-- For runs that find much: whatever the planner expects of a table that has just been filled, no join is n times n.
CREATE INDEX IF NOT EXISTS kept_fresh_n ON kept_fresh (n);
CREATE INDEX IF NOT EXISTS kept_old_finding ON kept_old (finding_id);
CREATE INDEX IF NOT EXISTS kept_old_name ON kept_old (rule, key);
CREATE INDEX IF NOT EXISTS kept_match_n ON kept_match (n);
CREATE INDEX IF NOT EXISTS kept_match_finding ON kept_match (finding_id);
CREATE INDEX IF NOT EXISTS kept_match_name ON kept_match (rule, key)

-- name: unstage
-- Takes them away again: keep may be called twice in a transaction.
DROP TABLE IF EXISTS pg_temp.kept_fresh, pg_temp.kept_old, pg_temp.kept_match

-- name: empty_fresh
-- Empties what a lasting connection keeps of them.
DELETE FROM pg_temp.kept_fresh

-- name: empty_old
DELETE FROM pg_temp.kept_old

-- name: empty_match
DELETE FROM pg_temp.kept_match

-- name: fill
-- Takes the findings in.
COPY pg_temp.kept_fresh (n, rule, key, severity, wkb, measure, subjects, grid_codes, building_ids, building_codes, area_id, remedies) FROM STDIN

-- name: whole
-- Every finding of the network is up for replacement.
INSERT INTO kept_old
SELECT f.id, f.rule, f.key, l.id FROM atlas.finding AS f LEFT JOIN atlas.ledger AS l ON l.finding_id = f.id
WHERE f.network_id = %(network)s

-- name: within
-- Findings up for replacement after a change: of whole rules, of some areas, and those without an area that name what changed.
WITH scope AS MATERIALIZED (
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND rule = ANY (%(whole)s)
    UNION
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND area_id = ANY (%(areas)s) AND rule = ANY (%(rules)s)
    UNION
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND area_id IS NULL AND rule = ANY (%(rules)s) AND building_codes && %(codes)s
    UNION
    SELECT id FROM atlas.finding WHERE network_id = %(network)s AND area_id IS NULL AND rule = ANY (%(rules)s) AND grid_codes && %(grids)s
    UNION -- one index for each: joined by OR, none would be used
    SELECT f.id FROM unnest(%(cases)s::text[]) AS c (code) JOIN atlas.finding AS f ON f.network_id = %(network)s
        AND f.rule = 'unlocated_record' AND f.key = '["incident",[],' || to_json(c.code)::text || ']'
    WHERE f.area_id IS NULL AND f.rule = ANY (%(rules)s)
)
INSERT INTO kept_old
SELECT f.id, f.rule, f.key, l.id
FROM scope -- few rows, looked up one by one however large the tables are
CROSS JOIN LATERAL (SELECT s.id, s.rule, s.key FROM atlas.finding AS s WHERE s.id = scope.id OFFSET 0) AS f
LEFT JOIN LATERAL (SELECT e.id FROM atlas.ledger AS e WHERE e.finding_id = f.id OFFSET 0) AS l ON true

-- name: orphans
-- Of the findings without an area also those whose building or incident is no longer there.
INSERT INTO kept_old
SELECT f.id, f.rule, f.key, l.id
FROM atlas.finding AS f LEFT JOIN atlas.ledger AS l ON l.finding_id = f.id
WHERE f.network_id = %(network)s AND f.area_id IS NULL AND f.rule = ANY (%(rules)s)
    AND (EXISTS (SELECT FROM unnest(f.building_codes) AS c (code) WHERE NOT EXISTS (SELECT FROM atlas.building AS b WHERE b.code = c.code))
        OR f.subjects ? 'incident' AND NOT EXISTS (SELECT FROM atlas.incident AS i WHERE i.code = f.subjects ->> 'incident'))
    AND NOT EXISTS (SELECT FROM kept_old AS o WHERE o.finding_id = f.id)

-- name: taken_keys
-- (n, rule, key) of findings whose key belongs to a finding that is not up for replacement.
SELECT f.n, f.rule, f.key
FROM kept_fresh AS f
JOIN atlas.finding AS s ON s.network_id = %(network)s AND s.rule = f.rule AND s.key = f.key
WHERE NOT EXISTS (SELECT FROM kept_old AS o WHERE o.finding_id = s.id)
ORDER BY f.n

-- name: twins
-- (key, whether it is up for replacement) of the stored findings of a key and its numbered twins.
SELECT s.key, EXISTS (SELECT FROM kept_old AS o WHERE o.finding_id = s.id)
FROM atlas.finding AS s
WHERE s.network_id = %(network)s AND s.rule = %(rule)s AND (s.key = %(key)s OR starts_with(s.key, %(key)s || '#'))

-- name: rename
-- Gives a finding the key of a twin.
UPDATE kept_fresh SET key = %(key)s WHERE n = %(n)s

-- name: match_named
-- Findings with a name: the same name is the same finding, now or before it was gone.
INSERT INTO kept_match (n, rule, key, finding_id, ledger_id)
SELECT f.n, f.rule, f.key, o.finding_id, coalesce(o.ledger_id, l.id)
FROM kept_fresh AS f
LEFT JOIN kept_old AS o ON o.rule = f.rule AND o.key = f.key
LEFT JOIN atlas.ledger AS l ON l.network_id = %(network)s AND l.rule = f.rule AND l.key = f.key
WHERE f.key IS NOT NULL

-- name: match_exact
-- Places whose shape and grids are what they were.
WITH fresh AS (
    SELECT n, rule, place, grid_codes, row_number() OVER (PARTITION BY rule, place, grid_codes ORDER BY area_id, subjects::text, n) AS twin
    FROM (SELECT *, coalesce(md5(wkb), 'area ' || coalesce(area_id, 0)) AS place FROM kept_fresh WHERE key IS NULL) AS f
), stored AS (
    SELECT finding_id, rule, key, ledger_id, place, grid_codes,
        row_number() OVER (PARTITION BY rule, place, grid_codes ORDER BY area_id, subjects::text, finding_id) AS twin
    FROM (
        SELECT o.*, f.grid_codes, f.area_id, f.subjects, coalesce(md5(ST_AsBinary(f.geom)), 'area ' || coalesce(f.area_id, 0)) AS place
        FROM kept_old AS o JOIN atlas.finding AS f ON f.id = o.finding_id
        WHERE o.rule = ANY (%(places)s)
    ) AS f
)
INSERT INTO kept_match (n, rule, key, finding_id, ledger_id)
SELECT f.n, f.rule, s.key, s.finding_id, s.ledger_id
FROM fresh AS f JOIN stored AS s USING (rule, place, grid_codes, twin)

-- name: overlaps
-- (new, stored, share of the overlap in the union, same grids) of places that are not what any was, where the overlap is
-- at least a given share of the smaller one.
WITH fresh AS MATERIALIZED (
    SELECT f.* FROM kept_fresh AS f
    WHERE f.key IS NULL AND f.geom IS NOT NULL AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.n = f.n)
), stored AS MATERIALIZED (
    SELECT s.* FROM kept_old AS o JOIN atlas.finding AS s ON s.id = o.finding_id
    WHERE o.rule = ANY (%(places)s) AND s.geom IS NOT NULL AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id)
)
SELECT f.n, s.id, p.overlap / nullif(p.fresh + p.stored - p.overlap, 0), s.grid_codes = f.grid_codes
FROM fresh AS f
JOIN stored AS s ON s.rule = f.rule AND s.geom && f.geom
CROSS JOIN LATERAL (
    SELECT atlas.extent_of(f.geom, d.n) AS fresh, atlas.extent_of(s.geom, d.n) AS stored,
        atlas.extent_of(ST_Intersection(ST_MakeValid(f.geom), ST_MakeValid(s.geom)), d.n) AS overlap
    FROM (SELECT ST_Dimension(f.geom) AS n) AS d
    WHERE ST_Dimension(s.geom) = d.n
) AS p
WHERE p.overlap > 0 AND p.overlap >= %(share)s * least(p.fresh, p.stored)

-- name: match_overlaps
-- The pairs that were chosen.
INSERT INTO kept_match (n, rule, key, finding_id, ledger_id)
SELECT p.n, o.rule, o.key, o.finding_id, o.ledger_id
FROM unnest(%(news)s::integer[], %(olds)s::bigint[]) AS p (n, id) JOIN kept_old AS o ON o.finding_id = p.id

-- name: memories
-- The same for places that are new against entries of the ledger whose cause was gone.
SELECT f.n, l.id, p.overlap / nullif(p.fresh + p.stored - p.overlap, 0), l.grid_codes = f.grid_codes
FROM kept_fresh AS f
JOIN atlas.ledger AS l ON l.network_id = %(network)s AND l.rule = f.rule AND l.finding_id IS NULL AND l.geom && f.geom
CROSS JOIN LATERAL (
    SELECT atlas.extent_of(f.geom, d.n) AS fresh, atlas.extent_of(l.geom, d.n) AS stored,
        atlas.extent_of(ST_Intersection(ST_MakeValid(f.geom), ST_MakeValid(l.geom)), d.n) AS overlap
    FROM (SELECT ST_Dimension(f.geom) AS n) AS d
    WHERE ST_Dimension(l.geom) = d.n
) AS p
WHERE f.key IS NULL AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.n = f.n)
    AND p.overlap > 0 AND p.overlap >= %(share)s * least(p.fresh, p.stored)

-- name: match_memories
-- Places that came back.
INSERT INTO kept_match (n, rule, key, ledger_id)
SELECT p.n, l.rule, l.key, l.id
FROM unnest(%(news)s::integer[], %(olds)s::bigint[]) AS p (n, id) JOIN atlas.ledger AS l USING (id)

-- name: match_new
-- Places nobody knows: each gets a number.
INSERT INTO kept_match (n, rule, key)
SELECT f.n, f.rule, 'place:' || nextval(pg_get_serial_sequence('atlas.finding', 'id'))
FROM kept_fresh AS f
WHERE f.key IS NULL AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.n = f.n)

-- name: analyse
-- Statistics, where there are many.
ANALYZE kept_fresh (n, rule, key, area_id), kept_old

-- name: analyse_match
-- The same once it is known who continues whom.
ANALYZE kept_match

-- name: analyse_kept
-- The same for what a run that found much leaves: the day is counted from it.
ANALYZE atlas.finding (id, network_id, rule, severity, area_id, accepted), atlas.finding_building, atlas.ledger (id, network_id, rule, key, finding_id)

-- name: fates
-- What became of each: first all that go on as changed, then those that are as they were.
UPDATE kept_match SET fate = CASE WHEN finding_id IS NOT NULL THEN 'changed' WHEN ledger_id IS NOT NULL THEN 'returned' ELSE 'new' END;
UPDATE kept_match AS m SET fate = 'same'
FROM (
    SELECT k.n FROM kept_match AS k JOIN kept_fresh AS f ON f.n = k.n
    CROSS JOIN LATERAL (SELECT * FROM atlas.finding AS o WHERE o.id = k.finding_id OFFSET 0) AS s -- one by one, by its number
    WHERE k.ledger_id IS NOT NULL AND s.severity = f.severity AND ST_AsBinary(s.geom) IS NOT DISTINCT FROM f.wkb
        AND s.measure = f.measure AND s.subjects = f.subjects AND s.remedies = f.remedies
        AND s.grid_codes = f.grid_codes AND s.building_codes = f.building_codes AND s.area_id IS NOT DISTINCT FROM f.area_id
) AS x
WHERE x.n = m.n

-- name: split
-- Says of new places which entry they fell off from.
UPDATE kept_match AS m SET split_from = o.ledger_id
FROM unnest(%(news)s::integer[], %(olds)s::bigint[]) AS p (n, id) JOIN kept_old AS o ON o.finding_id = p.id
WHERE m.n = p.n AND m.fate IN ('new', 'returned')

-- name: counts
-- (fate, how many), gone ones among them.
SELECT fate, count(*) FROM kept_match GROUP BY fate
UNION ALL
SELECT 'gone', count(*) FROM kept_old AS o WHERE NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id)

-- name: touched
-- Which days have to be counted anew: (areas, grids, {rule: open findings more or less}, buildings).
WITH moved AS MATERIALIZED (
    SELECT f.area_id, f.grid_codes, f.building_ids FROM kept_match AS m JOIN kept_fresh AS f USING (n) WHERE m.fate <> 'same'
    UNION ALL
    SELECT s.area_id, s.grid_codes, ARRAY(SELECT x.building_id FROM atlas.finding_building AS x WHERE x.finding_id = s.id)
    FROM kept_old AS o JOIN atlas.finding AS s ON s.id = o.finding_id
    WHERE NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id AND m.fate = 'same')
), house AS MATERIALIZED (
    SELECT b.id, b.area_id FROM atlas.building AS b WHERE b.id = ANY (ARRAY(SELECT unnest(building_ids) FROM moved))
), more AS (
    SELECT rule, sum(n) AS n FROM (
        SELECT rule, 1 AS n FROM kept_match WHERE fate IN ('new', 'returned')
        UNION ALL
        SELECT o.rule, -1 FROM kept_old AS o JOIN atlas.finding AS s ON s.id = o.finding_id
        WHERE NOT s.accepted AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id)
    ) AS each GROUP BY rule
)
SELECT
    ARRAY(SELECT area_id FROM moved WHERE area_id IS NOT NULL UNION SELECT area_id FROM house WHERE area_id IS NOT NULL),
    ARRAY(
        SELECT unnest(grid_codes) FROM moved
        UNION
        SELECT g.code FROM house AS h JOIN atlas.assignment AS a ON a.network_id = %(network)s AND a.building_id = h.id
        JOIN atlas.grid AS g ON g.id = a.grid_id
    ),
    (SELECT coalesce(jsonb_object_agg(rule, n), '{}') FROM more),
    ARRAY(SELECT id FROM house WHERE area_id IS NULL)

-- name: close
-- Entries whose cause is gone are closed, whatever state they were in; which one they grew into, if they did.
WITH was AS (
    SELECT l.id, l.state, l.exception_reason, l.exception_until, l.households, i.into_id
    FROM kept_old AS o
    JOIN atlas.ledger AS l ON l.id = o.ledger_id
    LEFT JOIN unnest(%(olds)s::bigint[], %(intos)s::bigint[]) AS i (old_id, into_id) ON i.old_id = o.finding_id
    WHERE NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id)
    FOR UPDATE OF l
), closed AS (
    UPDATE atlas.ledger AS l SET finding_id = NULL, state = 'closed', gone_at = %(at)s, exception_reason = NULL, exception_until = NULL,
        last_seen = greatest(l.last_seen, %(seen)s), updated_at = now()
    FROM was WHERE l.id = was.id
)
INSERT INTO atlas.ledger_event (ledger_id, at, act, before, after, data)
SELECT id, %(at)s, 'gone', state, 'closed', jsonb_strip_nulls(jsonb_build_object(
    'reason', exception_reason, 'until', exception_until, 'households', households, 'merged_into', into_id
))
FROM was

-- name: remove
-- Findings whose cause is gone.
DELETE FROM atlas.finding AS f USING kept_old AS o
WHERE f.id = o.finding_id AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id)

-- name: change
-- Findings that go on, but not as they were.
UPDATE atlas.finding AS s SET severity = f.severity, geom = f.geom, area_m2 = (f.measure ->> 'area_m2')::double precision,
    buildings = (f.measure ->> 'buildings')::double precision, households = (f.measure ->> 'households')::double precision, measure = f.measure,
    grid_codes = f.grid_codes, building_codes = f.building_codes, subjects = f.subjects, remedies = f.remedies, area_id = f.area_id
FROM kept_match AS m JOIN kept_fresh AS f USING (n)
WHERE s.id = m.finding_id AND m.fate = 'changed'

-- name: add
-- Findings that are new or came back.
WITH added AS (
    INSERT INTO atlas.finding (
        network_id, rule, key, severity, geom, area_m2, buildings, households, measure, grid_codes, building_codes, subjects, remedies, area_id
    )
    SELECT %(network)s, m.rule, m.key, f.severity, f.geom, (f.measure ->> 'area_m2')::double precision,
        (f.measure ->> 'buildings')::double precision, (f.measure ->> 'households')::double precision, f.measure, f.grid_codes,
        f.building_codes, f.subjects, f.remedies, f.area_id
    FROM kept_match AS m JOIN kept_fresh AS f USING (n)
    WHERE m.fate IN ('new', 'returned')
    ORDER BY m.n
    RETURNING id, rule, key
)
UPDATE kept_match AS m SET finding_id = a.id FROM added AS a WHERE a.rule = m.rule AND a.key = m.key AND m.fate IN ('new', 'returned')

-- name: touch
-- Buildings each blind finding touches: exactly those it named now.
WITH wanted AS MATERIALIZED (
    SELECT DISTINCT m.finding_id, b.building_id
    FROM kept_match AS m JOIN kept_fresh AS f USING (n) CROSS JOIN unnest(f.building_ids) AS b (building_id)
    WHERE f.severity = 'blind'
), stale AS (
    DELETE FROM atlas.finding_building AS x USING kept_match AS m
    WHERE x.finding_id = m.finding_id
        AND NOT EXISTS (SELECT FROM wanted AS w WHERE w.finding_id = x.finding_id AND w.building_id = x.building_id)
)
INSERT INTO atlas.finding_building (finding_id, building_id)
SELECT w.finding_id, w.building_id FROM wanted AS w
WHERE NOT EXISTS (SELECT FROM atlas.finding_building AS x WHERE x.finding_id = w.finding_id AND x.building_id = w.building_id)

-- name: enter
-- New entries of the ledger, each with its first event.
WITH added AS (
    INSERT INTO atlas.ledger (
        network_id, rule, key, finding_id, severity, geom, area_id, grid_codes, building_codes, area_m2, buildings, households, people,
        measure, subjects, remedies, first_seen, last_seen
    )
    SELECT %(network)s, m.rule, m.key, m.finding_id, f.severity, f.geom, f.area_id, f.grid_codes, f.building_codes,
        (f.measure ->> 'area_m2')::double precision, (f.measure ->> 'buildings')::double precision,
        (f.measure ->> 'households')::double precision,
        coalesce((f.measure ->> 'people')::double precision, (SELECT sum(b.people) FROM atlas.building AS b WHERE b.id = ANY (f.building_ids)), 0),
        f.measure, f.subjects, f.remedies, %(at)s, %(at)s
    FROM kept_match AS m JOIN kept_fresh AS f USING (n)
    WHERE m.ledger_id IS NULL
    ORDER BY m.n
    RETURNING id, rule, key, severity, buildings, households
)
INSERT INTO atlas.ledger_event (ledger_id, at, act, after, data)
SELECT a.id, %(at)s, 'found', 'new', jsonb_strip_nulls(jsonb_build_object(
    'severity', a.severity, 'buildings', a.buildings, 'households', a.households, 'split_from', m.split_from
))
FROM added AS a JOIN kept_match AS m ON m.rule = a.rule AND m.key = a.key
ORDER BY a.id

-- name: update
-- Entries say what the rules said last; one that came back goes back to its owner, and under its exception while that lasts.
WITH was AS MATERIALIZED (
    SELECT l.id, m.fate, m.finding_id, m.n, m.split_from, l.severity, l.buildings, l.households, l.grid_codes, l.state,
        CASE WHEN m.fate = 'returned' THEN (
            SELECT e.data FROM atlas.ledger_event AS e WHERE e.ledger_id = l.id AND e.act = 'gone' ORDER BY e.id DESC LIMIT 1
        ) END AS parting
    FROM kept_match AS m JOIN atlas.ledger AS l ON l.id = m.ledger_id
    WHERE m.fate IN ('changed', 'returned')
    FOR UPDATE OF l
), now_is AS (
    SELECT w.*, w.fate = 'returned' AND (w.parting ->> 'until')::date >= %(day)s AS excused FROM was AS w
), written AS (
    UPDATE atlas.ledger AS l SET finding_id = w.finding_id, severity = f.severity, geom = f.geom, area_id = f.area_id,
        grid_codes = f.grid_codes, building_codes = f.building_codes, area_m2 = (f.measure ->> 'area_m2')::double precision,
        buildings = (f.measure ->> 'buildings')::double precision, households = (f.measure ->> 'households')::double precision,
        people = coalesce((f.measure ->> 'people')::double precision, (SELECT sum(b.people) FROM atlas.building AS b WHERE b.id = ANY (f.building_ids)), 0),
        measure = f.measure, subjects = f.subjects, remedies = f.remedies, last_seen = %(at)s,
        returns = l.returns + (w.fate = 'returned')::integer,
        gone_at = NULL,
        state = CASE WHEN w.fate = 'changed' THEN l.state WHEN w.excused THEN 'excepted' WHEN l.owner_id IS NULL THEN 'new' ELSE 'assigned' END,
        exception_reason = CASE WHEN w.fate = 'changed' THEN l.exception_reason WHEN w.excused THEN w.parting ->> 'reason' END,
        exception_until = CASE WHEN w.fate = 'changed' THEN l.exception_until WHEN w.excused THEN (w.parting ->> 'until')::date END,
        due_on = CASE WHEN w.fate = 'changed' OR l.due_on >= %(day)s THEN l.due_on END,
        updated_at = CASE WHEN w.fate = 'changed' THEN l.updated_at ELSE now() END
    FROM now_is AS w JOIN kept_fresh AS f ON f.n = w.n
    WHERE l.id = w.id
    RETURNING l.id, l.state
)
INSERT INTO atlas.ledger_event (ledger_id, at, act, before, after, data)
SELECT w.id, %(at)s, w.fate, w.state, s.state, jsonb_strip_nulls(jsonb_build_object(
    'severity', f.severity, 'buildings', f.measure -> 'buildings', 'households', f.measure -> 'households', 'split_from', w.split_from,
    'was', CASE WHEN w.fate = 'changed' THEN jsonb_build_object('severity', w.severity, 'buildings', w.buildings, 'households', w.households) END
))
FROM now_is AS w JOIN written AS s USING (id) JOIN kept_fresh AS f ON f.n = w.n
WHERE w.fate = 'returned' OR w.severity <> f.severity OR w.grid_codes <> f.grid_codes
    OR w.buildings <> (f.measure ->> 'buildings')::double precision OR w.households <> (f.measure ->> 'households')::double precision
ORDER BY w.id

-- name: expire
-- Exceptions whose last day is over: the entry goes back to its owner.
WITH was AS (
    SELECT id, exception_reason, exception_until FROM atlas.ledger
    WHERE network_id = %(network)s AND state = 'excepted' AND exception_until < %(day)s
    FOR UPDATE
), over AS (
    UPDATE atlas.ledger AS l SET state = CASE WHEN owner_id IS NULL THEN 'new' ELSE 'assigned' END, exception_reason = NULL,
        exception_until = NULL, due_on = CASE WHEN due_on >= %(day)s THEN due_on END, updated_at = now()
    FROM was WHERE l.id = was.id
    RETURNING l.id, l.state
)
INSERT INTO atlas.ledger_event (ledger_id, at, act, before, after, data)
SELECT id, %(at)s, 'expired', 'excepted', over.state, jsonb_build_object('reason', was.exception_reason, 'until', was.exception_until)
FROM was JOIN over USING (id)

-- name: expired
-- Whether any exception is over.
SELECT EXISTS (SELECT FROM atlas.ledger WHERE network_id = %(network)s AND state = 'excepted' AND exception_until < %(day)s)

-- name: gone_entries
-- Entries that are about to close.
SELECT o.ledger_id FROM kept_old AS o
WHERE o.ledger_id IS NOT NULL AND NOT EXISTS (SELECT FROM kept_match AS m WHERE m.finding_id = o.finding_id)
ORDER BY 1

-- name: come_entries
-- Entries that are new or came back.
SELECT l.id FROM kept_match AS m JOIN atlas.ledger AS l ON l.finding_id = m.finding_id
WHERE m.fate IN ('new', 'returned') ORDER BY 1

-- name: seen
-- When the findings were last looked at.
SELECT max(finished_at) FROM atlas.refresh WHERE network_id = %(network)s

-- name: building_codes
-- (id, code) of buildings.
SELECT id, code FROM atlas.building WHERE id = ANY (%(ids)s)

-- name: incident_codes
-- (id, code) of incidents.
SELECT id, code FROM atlas.incident WHERE id = ANY (%(ids)s)

-- name: settle_days
-- Counts the headline's day anew.
SELECT atlas.settle_day(%(network)s, %(day)s, %(areas)s::bigint[], %(grids)s::text[], %(more)s::jsonb, %(houses)s::bigint[])
