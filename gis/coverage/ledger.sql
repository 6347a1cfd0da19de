-- name: entries
-- Entries of the ledger that fit, one page; its finding stands as long as finding_id does.
{given}
SELECT l.id, l.rule, l.severity, ST_AsBinary(l.geom) AS wkb, atlas.shown_measure(l.measure) AS measure, l.subjects,
    l.grid_codes AS grids, l.building_codes AS buildings, l.remedies, a.code AS area_code, a.name AS area_name, n.code AS network,
    l.finding_id, l.people, l.first_seen,
    CASE WHEN l.finding_id IS NULL THEN l.last_seen ELSE greatest(l.last_seen, atlas.refreshed_at(l.network_id)) END AS last_seen,
    l.gone_at, l.returns, l.state, l.owner_id, atlas.called(l.owner_id) AS owner, l.owner_id = atlas.account_id() IS TRUE AS mine,
    l.due_on, (l.due_on < atlas.today() AND l.state IN ('assigned', 'doing', 'checked')) IS TRUE AS overdue,
    l.exception_reason, l.exception_until, l.updated_at
{among}
ORDER BY {order} l.households DESC, l.buildings DESC, array_position(ARRAY['blind', 'block', 'warn', 'hint'], l.severity), l.area_m2 DESC, l.id
LIMIT %(limit)s::bigint OFFSET %(offset)s

-- name: given
-- What every list is given: the areas at and below the one that is asked for, the account that is meant.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s::text
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
), whose AS MATERIALIZED (
    SELECT atlas.known_as(%(owner)s::text) AS id
)

-- name: among
-- Entries that fit, with their network and area.
FROM atlas.ledger AS l
JOIN atlas.network AS n ON n.id = l.network_id
LEFT JOIN atlas.area AS a ON a.id = l.area_id
{where}

-- name: where
-- Which entries fit.
WHERE n.code = %(network)s
    AND (%(rules)s::text[] IS NULL OR l.rule = ANY (%(rules)s::text[]))
    AND (%(severities)s::text[] IS NULL OR l.severity = ANY (%(severities)s::text[]))
    AND (%(states)s::text[] IS NULL OR l.state = ANY (%(states)s::text[]))
    AND (%(area)s::text IS NULL OR l.area_id IN (SELECT id FROM wanted))
    AND (%(grid)s::text IS NULL OR l.grid_codes @> ARRAY[%(grid)s::text])
    AND (%(owner)s::text IS NULL OR l.owner_id = (SELECT id FROM whose))
    AND (NOT %(unowned)s::boolean OR l.owner_id IS NULL)
    AND (NOT %(mine)s::boolean OR l.owner_id = atlas.account_id())
    AND (NOT %(overdue)s::boolean OR l.due_on < atlas.today() AND l.state IN ('assigned', 'doing', 'checked'))
    AND (%(returned)s::boolean IS NOT TRUE OR l.returns > 0)
    AND (%(text)s::text IS NULL OR l.rule = ANY (%(titles)s::text[]) OR position(lower(%(text)s::text) IN lower(concat_ws(' ', '#' || l.id,
        a.code, a.name, l.subjects ->> 'incident', array_to_string(l.grid_codes, ' '), array_to_string(l.building_codes, ' ')))) > 0)

-- name: count
-- How many entries fit.
{given}
SELECT count(*)
{among}

-- name: counts
-- (rule, severity, number) of the entries that fit.
{given}
SELECT l.rule, l.severity, count(*)
{among}
GROUP BY l.rule, l.severity

-- name: seen
-- (number, when somebody last acted on it) of the entries that fit.
{given}
SELECT l.id, l.updated_at
{among}

-- name: position
-- Where an entry stands among those that fit, from 0.
{given}, listed AS (
    SELECT l.id, row_number() OVER (
        ORDER BY {order} l.households DESC, l.buildings DESC, array_position(ARRAY['blind', 'block', 'warn', 'hint'], l.severity), l.area_m2 DESC, l.id
    ) - 1 AS place
    {among}
)
SELECT place FROM listed WHERE id = %(id)s

-- name: one
-- Which entry.
WHERE l.id = %(id)s

-- name: history
-- What happened to an entry, oldest first.
SELECT e.at, atlas.called(e.actor) AS who, e.act, e.before, e.after, e.note, e.data
FROM atlas.ledger_event AS e WHERE e.ledger_id = %(id)s ORDER BY e.id

-- name: stand
-- How entries stand that somebody is about to act on.
SELECT l.id, l.state, l.owner_id, l.due_on, l.exception_reason, l.exception_until, l.updated_at, l.owner_id = atlas.account_id() IS TRUE AS mine
FROM atlas.ledger AS l WHERE l.id = ANY (%(ids)s) ORDER BY l.id

-- name: act
-- Entries as somebody leaves them, where they are still as he saw them; one event each. Their numbers.
WITH given AS (
    SELECT g.id, g.seen, g.state, g.was, g.owner_id, g.due_on, g.act
    FROM unnest(%(ids)s::bigint[], %(seen)s::timestamptz[], %(states)s::text[], %(was)s::text[], %(owners)s::bigint[], %(dues)s::date[], %(acts)s::text[])
        AS g (id, seen, state, was, owner_id, due_on, act)
), done AS (
    UPDATE atlas.ledger AS l SET state = g.state, owner_id = g.owner_id, due_on = g.due_on, exception_reason = %(reason)s,
        exception_until = %(until)s, updated_at = greatest(clock_timestamp(), l.updated_at + interval '1 microsecond')
    FROM given AS g
    WHERE l.id = g.id AND l.updated_at = g.seen AND l.state = g.was
    RETURNING l.id
), told AS (
    INSERT INTO atlas.ledger_event (ledger_id, act, before, after, note, data)
    SELECT g.id, g.act, g.was, g.state, %(note)s, %(data)s FROM given AS g JOIN done USING (id) ORDER BY g.id
)
SELECT id FROM done

-- name: comment
-- What somebody says about an entry.
INSERT INTO atlas.ledger_event (ledger_id, act, note) VALUES (%(id)s, 'comment', %(note)s)

-- name: audit
-- The deed.
INSERT INTO atlas.audit (action, relation, subject, before, after, reason)
VALUES (%(action)s, 'ledger', %(subject)s, %(before)s, %(after)s, %(reason)s)

-- name: people
-- Whom an entry may be given to.
SELECT p.id, p.name, p.label, p.roles FROM atlas.assignees() AS p

-- name: today
-- The office's day.
SELECT atlas.today()

-- name: states
-- (state, number, overdue ones among them) of a network.
SELECT l.state, count(*), count(*) FILTER (WHERE l.due_on < atlas.today() AND l.state IN ('assigned', 'doing', 'checked'))
FROM atlas.ledger AS l JOIN atlas.network AS n ON n.id = l.network_id
WHERE n.code = %(network)s GROUP BY l.state

-- name: filters
-- Filters somebody saved, by name.
SELECT id, name, query FROM atlas.ledger_filter WHERE account_id = atlas.account_id() ORDER BY name

-- name: save_filter
-- Saves a filter; the same name replaces it.
INSERT INTO atlas.ledger_filter (account_id, name, query) VALUES (atlas.account_id(), %(name)s, %(query)s)
ON CONFLICT (account_id, name) DO UPDATE SET query = EXCLUDED.query

-- name: drop_filter
-- Takes a filter away.
DELETE FROM atlas.ledger_filter WHERE account_id = atlas.account_id() AND name = %(name)s
