-- Cases in lists: picked on the case files alone, through the index of the clock; what a page
-- shows beside them is looked up for the rows of that page. {which} are the conditions that hold.

-- name: scope
-- (whether everywhere, areas, grids, account, units, whether bound to these) of the actor, and whose account
-- a name is: said again in the question, an index can serve it.
SELECT atlas.everywhere(), atlas.scope_areas(), atlas.scope_grids(), atlas.account_id(), atlas.account_units(),
    atlas.has_role('{department}') AND NOT atlas.has_role('{leader,planner,supervisor,worker}'), atlas.known_as(%(handler)s),
    set_config('max_parallel_workers_per_gather', '0', true) -- a page is had sooner than a second process

-- name: areas
-- Number of the area of a code, and of those below it.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
)
SELECT coalesce(array_agg(id), '{}') FROM wanted

-- name: grids
-- Numbers of every version of the grids of a code.
SELECT coalesce(array_agg(id), '{}') FROM atlas.grid WHERE code = %(grid)s

-- name: page
-- One page of cases, in order.
WITH picked AS MATERIALIZED (
    SELECT c.*
    FROM atlas.casefile AS c
    WHERE {which}
    ORDER BY {order}
    LIMIT %(limit)s
)
SELECT c.incident_id AS id, i.code, c.seq, c.kind, c.category, atlas.shown(i.title) AS title, atlas.shown(i.address) AS address,
    c.state, c.suspended, c.level, c.card, c.units, atlas.called(c.handler_id) AS handler,
    (c.handler_id = atlas.account_id() OR c.units && atlas.account_units()) IS TRUE AS mine,
    a.code AS area_code, a.name AS area_name, g.code AS grid_code, c.channel, c.occurred_at, c.closed_at,
    c.stage, c.due_at, c.warn_at, atlas.clock_of(c.state, c.suspended, c.warn_at, c.due_at, now()) AS clock,
    c.returns, c.reworked, c.reopened, c.asking,
    EXISTS (SELECT FROM atlas.case_link AS l WHERE l.incident_id = c.incident_id AND l.relation = 'duplicate')
        OR EXISTS (SELECT FROM atlas.case_link AS l WHERE l.other_id = c.incident_id AND l.relation = 'duplicate') AS twin,
    ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat
FROM picked AS c
JOIN atlas.incident AS i ON i.id = c.incident_id
LEFT JOIN atlas.area AS a ON a.id = c.area_id
LEFT JOIN atlas.grid AS g ON g.id = c.grid_id
ORDER BY {order}

-- name: tally
-- (state, clock, number) of cases.
SELECT c.state, atlas.clock_of(c.state, c.suspended, c.warn_at, c.due_at, now()), count(*)
FROM (
    SELECT c.state, c.suspended, c.warn_at, c.due_at
    FROM atlas.casefile AS c
    WHERE {which}
    LIMIT %(limit)s
) AS c
GROUP BY 1, 2

-- name: twins!
-- Which cases may be one with another, from either side.
(
    EXISTS (SELECT FROM atlas.case_link AS l WHERE l.incident_id = c.incident_id AND l.relation = 'duplicate')
    OR EXISTS (SELECT FROM atlas.case_link AS l WHERE l.other_id = c.incident_id AND l.relation = 'duplicate')
)

-- name: saying
-- Numbers of incidents that may say a text; null where they are too many.
SELECT atlas.cases_saying(%(text)s, %(most)s)

-- name: said!
-- Which cases have a text in their code, their number elsewhere, their title or address, as the actor may
-- read these; asked case by case, in the order of the list.
(
    SELECT position(lower(%(text)s) IN lower(concat_ws(' ', t.code, t.source_number, atlas.shown(t.address), atlas.shown(t.title)))) > 0
    FROM atlas.incident AS t WHERE t.id = c.incident_id
)
