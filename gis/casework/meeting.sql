-- The list meeting: matters without an owner, collected, settled, and what became of them.

-- name: cases
-- open cases whose matter had no unit, or several, when they came in, by kind, category and area; with the units the list named
SELECT c.kind, c.category, a.code AS area, c.terms ->> 'problem' AS problem, count(*)::integer AS incidents, count(*)::integer AS open,
    (array_agg(i.code ORDER BY c.occurred_at DESC NULLS LAST))[1 : 5] AS examples,
    coalesce((SELECT array_agg(DISTINCT u) FROM unnest(array_agg(c.terms)) AS t, jsonb_path_query(t, '$.items[*].lead') AS l, btrim(l #>> '{}') AS u WHERE u <> ''), '{}') AS units
FROM atlas.casefile AS c JOIN atlas.incident AS i ON i.id = c.incident_id LEFT JOIN atlas.area AS a ON a.id = c.area_id
WHERE c.state NOT IN ('closed', 'rejected', 'merged') AND c.terms ->> 'problem' IN ('none', 'several') AND c.category <> ''
GROUP BY c.kind, c.category, a.code, c.terms ->> 'problem';

-- name: returned
-- matters that a unit sent back as not its own since they were last settled
SELECT c.kind, c.category, count(DISTINCT c.incident_id)::integer AS incidents,
    count(DISTINCT c.incident_id) FILTER (WHERE c.state NOT IN ('closed', 'rejected', 'merged'))::integer AS open,
    (array_agg(DISTINCT i.code))[1 : 5] AS examples, coalesce(array_agg(DISTINCT e.unit) FILTER (WHERE e.unit <> ''), '{}') AS units
FROM atlas.case_event AS e JOIN atlas.casefile AS c ON c.incident_id = e.incident_id JOIN atlas.incident AS i ON i.id = c.incident_id
WHERE e.act = 'return' AND c.category <> '' AND e.at > clock_timestamp() - make_interval(days => %(days)s)
    AND e.at > coalesce((SELECT max(g.decided_at) FROM atlas.agenda AS g WHERE g.kind = c.kind AND g.category = c.category), '-infinity')
GROUP BY c.kind, c.category;

-- name: refused
-- matters that a unit refused when it was whistled for since they were last settled
SELECT w.matter AS kind, w.category, count(DISTINCT w.id)::integer AS incidents,
    count(DISTINCT w.id) FILTER (WHERE w.state NOT IN ('rated', 'dropped'))::integer AS open,
    (array_agg(DISTINCT w.code))[1 : 5] AS examples, array_agg(DISTINCT e.unit) AS units
FROM atlas.whistle_event AS e JOIN atlas.whistle AS w ON w.id = e.whistle_id
WHERE e.act = 'refuse' AND w.matter IS NOT NULL AND w.category <> '' AND e.at > clock_timestamp() - make_interval(days => %(days)s)
    AND e.at > coalesce((SELECT max(g.decided_at) FROM atlas.agenda AS g WHERE g.kind = w.matter AND g.category = w.category), '-infinity')
GROUP BY w.matter, w.category;

-- name: findings
-- what the coverage found
SELECT f.subjects ->> 'kind' AS kind, f.subjects ->> 'category' AS category, a.code AS area,
    CASE WHEN f.subjects ->> 'fault' IN ('several', 'mixed') THEN 'several' ELSE 'none' END AS problem,
    coalesce((f.measure ->> 'incidents')::integer, 0) AS incidents, coalesce((f.measure ->> 'open')::integer, 0) AS open,
    ARRAY(SELECT jsonb_array_elements_text(f.subjects -> 'examples')) AS examples,
    ARRAY(SELECT DISTINCT jsonb_array_elements_text((f.subjects -> 'units') || coalesce(f.remedies -> 0 -> 'units', '[]'))) AS units
FROM atlas.finding AS f LEFT JOIN atlas.area AS a ON a.id = f.area_id
WHERE f.rule = 'unowned_matter' AND NOT f.accepted;

-- name: unowned
-- of pairs of kind and category those that no unit leads today, or several, in some area of the lowest level there (or below the area that is named)
WITH RECURSIVE chain AS (
    SELECT a.id AS leaf, a.code, a.parent_id, 0 AS depth FROM atlas.area AS a WHERE NOT EXISTS (SELECT FROM atlas.area AS b WHERE b.parent_id = a.id)
    UNION ALL
    SELECT c.leaf, a.code, a.parent_id, c.depth + 1 FROM chain AS c JOIN atlas.area AS a ON a.id = c.parent_id WHERE c.depth < 10
), division AS (
    SELECT leaf, code, depth FROM chain
    UNION ALL
    SELECT l.leaf, '', 1000 FROM (SELECT DISTINCT leaf FROM chain UNION SELECT 0 WHERE NOT EXISTS (SELECT FROM chain)) AS l
), asked AS (
    SELECT DISTINCT p.kind, p.category, p.area, v.leaf
    FROM unnest(%(kinds)s::text[], %(categories)s::text[], %(areas)s::text[]) AS p (kind, category, area)
    JOIN division AS v ON p.area IS NULL OR v.code = p.area
), answered AS (
    SELECT q.kind, q.category, q.area, q.leaf, btrim(d.lead) AS lead,
        v.depth = min(v.depth) OVER (PARTITION BY q.kind, q.category, q.area, q.leaf) AS nearest
    FROM asked AS q
    JOIN division AS v ON v.leaf = q.leaf
    JOIN atlas.duty AS d ON d.kind = q.kind AND d.categories @> ARRAY[q.category] AND coalesce(d.area_code, '') = v.code
        AND d.valid_from <= atlas.today() AND (d.valid_to IS NULL OR d.valid_to >= atlas.today())
), verdict AS (
    SELECT q.kind, q.category, q.area, q.leaf, count(DISTINCT nullif(n.lead, '')) AS leads
    FROM asked AS q LEFT JOIN answered AS n ON n.nearest AND (n.kind, n.category, n.leaf) = (q.kind, q.category, q.leaf)
        AND n.area IS NOT DISTINCT FROM q.area
    GROUP BY q.kind, q.category, q.area, q.leaf
)
SELECT kind, category, area, bool_or(leads > 1) AS several FROM verdict WHERE leads <> 1 GROUP BY kind, category, area;

-- name: keep
-- an entry of the agenda, new or counted anew; whether it is new
INSERT INTO atlas.agenda AS g (kind, category, problem, sources, incidents, open, examples, units)
VALUES (%(kind)s, %(category)s, %(problem)s, %(sources)s, %(incidents)s, %(open)s, %(examples)s, %(units)s)
ON CONFLICT (kind, category, coalesce(area_code, '')) WHERE state = 'open' DO UPDATE
    SET problem = EXCLUDED.problem, incidents = EXCLUDED.incidents, open = EXCLUDED.open, examples = EXCLUDED.examples, units = EXCLUDED.units,
        sources = ARRAY(SELECT DISTINCT s FROM unnest(array_remove(array_remove(array_remove(g.sources, 'case'), 'coverage'), 'whistle') || EXCLUDED.sources) AS s ORDER BY s),
        last_seen = now(), updated_at = now()
RETURNING (xmax = 0);

-- name: put
-- an entry by hand, or a note to the one that is open
INSERT INTO atlas.agenda AS g (kind, category, area_code, problem, sources, examples, units, note)
VALUES (%(kind)s, %(category)s, %(area)s, %(problem)s, '{hand}', %(examples)s, %(units)s, %(note)s)
ON CONFLICT (kind, category, coalesce(area_code, '')) WHERE state = 'open' DO UPDATE
    SET note = concat_ws(E'\n', nullif(g.note, ''), nullif(EXCLUDED.note, '')), examples = ARRAY(SELECT DISTINCT e FROM unnest(g.examples || EXCLUDED.examples) AS e),
        units = ARRAY(SELECT DISTINCT u FROM unnest(g.units || EXCLUDED.units) AS u), last_seen = now(), updated_at = now(),
        sources = ARRAY(SELECT DISTINCT s FROM unnest(g.sources || EXCLUDED.sources) AS s ORDER BY s)
RETURNING id;

-- name: entries
-- entries of the agenda, those that concern most open cases first
SELECT g.id, g.kind, g.category, g.area_code AS area, g.problem, g.sources, g.incidents, g.open, g.examples, g.units, g.note, g.state, g.meeting_id,
    m.held_on, g.decision, g.duty_id, d.lead, g.decided_at, g.first_seen, g.last_seen, g.updated_at
FROM atlas.agenda AS g LEFT JOIN atlas.meeting AS m ON m.id = g.meeting_id LEFT JOIN atlas.duty AS d ON d.id = g.duty_id
WHERE (%(id)s::bigint IS NULL OR g.id = %(id)s) AND (%(states)s::text[] IS NULL OR g.state = ANY (%(states)s::text[]))
    AND (%(meeting)s::bigint IS NULL OR g.meeting_id = %(meeting)s)
    AND (%(kind)s::text IS NULL OR g.kind = %(kind)s) AND (%(category)s::text IS NULL OR g.category = %(category)s)
ORDER BY g.state <> 'open', g.open DESC, g.incidents DESC, g.kind, g.category, g.id;

-- name: lock
-- locks an entry the actor may settle
SELECT g.id FROM atlas.agenda AS g WHERE g.id = %(id)s FOR UPDATE;

-- name: decide!
UPDATE atlas.agenda SET state = %(state)s, decision = %(decision)s, duty_id = %(duty)s, decided_at = clock_timestamp(), updated_at = now() WHERE id = %(id)s;

-- name: plan
-- a meeting
INSERT INTO atlas.meeting (held_on, place, chair, attendees) VALUES (%(held_on)s, %(place)s, %(chair)s, %(attendees)s) RETURNING id;

-- name: table
-- open entries that are on no agenda, or on one of a meeting that is over, go on this one
UPDATE atlas.agenda AS g SET meeting_id = %(meeting)s, updated_at = now()
WHERE g.state = 'open' AND NOT EXISTS (SELECT FROM atlas.meeting AS m WHERE m.id = g.meeting_id AND m.state = 'planned')
RETURNING g.id;

-- name: hold
-- a meeting was held
UPDATE atlas.meeting SET state = 'held', minutes = %(minutes)s, attendees = coalesce(nullif(%(attendees)s, ''), attendees), updated_at = now()
WHERE id = %(id)s AND state = 'planned' RETURNING held_on;

-- name: meetings
-- meetings, the latest first, with how many entries are on the agenda and how many of them are settled
SELECT m.id, m.held_on, m.place, m.chair, m.attendees, m.minutes, m.state,
    (SELECT count(*)::integer FROM atlas.agenda AS g WHERE g.meeting_id = m.id) AS entries,
    (SELECT count(*)::integer FROM atlas.agenda AS g WHERE g.meeting_id = m.id AND g.state <> 'open') AS settled
FROM atlas.meeting AS m WHERE %(id)s::bigint IS NULL OR m.id = %(id)s
ORDER BY m.held_on DESC, m.id DESC;

-- name: today
SELECT atlas.today();
