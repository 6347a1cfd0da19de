-- name: network
-- Id, code and limits of a network.
SELECT id, code, households_min, households_max, border_distance_m FROM atlas.network WHERE code = %(network)s

-- name: around
-- Grids in force at a place or of these codes, and all that touch them, each with the area it belongs to:
-- the declared one, else the one under a point inside (as gis/coverage/steps/home.sql).
WITH lowest AS (
    SELECT id, code, geom FROM atlas.area
    WHERE level = (SELECT level FROM atlas.area ORDER BY array_position(ARRAY['community', 'street', 'district'], level) LIMIT 1)
),
core AS MATERIALIZED (
    SELECT g.geom FROM atlas.grid AS g
    WHERE g.network_id = %(network)s AND g.valid_to IS NULL AND g.code = ANY (%(codes)s)
    UNION ALL
    SELECT g.geom FROM atlas.grid AS g
    WHERE g.network_id = %(network)s AND g.valid_to IS NULL
      AND g.geom && ST_Expand(ST_GeomFromWKB(%(place)s, 4490), 1e-6) AND ST_DWithin(g.geom, ST_GeomFromWKB(%(place)s, 4490), 1e-6)
),
near AS (
    SELECT DISTINCT g.id
    FROM core AS c
    JOIN atlas.grid AS g ON g.geom && ST_Expand(c.geom, 1e-6) AND ST_DWithin(g.geom, c.geom, 1e-6)
    WHERE g.network_id = %(network)s AND g.valid_to IS NULL
)
SELECT g.code, g.version, g.name, g.kind, ST_AsBinary(g.geom) AS geom, coalesce(
        (SELECT min(a.id) FROM lowest AS a WHERE a.code = g.area_code),
        (SELECT min(a.id) FROM lowest AS a WHERE a.geom && g.geom AND ST_Covers(a.geom, ST_PointOnSurface(g.geom)))
    ) AS home
FROM near
JOIN atlas.grid AS g USING (id)
ORDER BY g.code

-- name: areas
-- Areas of the lowest level that meet a box, as far as they do (a metre more all around).
SELECT id, ST_AsBinary(ST_CollectionExtract(ST_Intersection(geom, ST_MakeEnvelope(%(west)s - 1e-5, %(south)s - 1e-5, %(east)s + 1e-5, %(north)s + 1e-5, 4490)), 3)) AS geom FROM atlas.area
WHERE level = (SELECT level FROM atlas.area ORDER BY array_position(ARRAY['community', 'street', 'district'], level) LIMIT 1)
  AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4490)
ORDER BY id

-- name: holes
-- Allowed gaps that meet a box, as far as they do.
SELECT ST_AsBinary(ST_CollectionExtract(ST_Intersection(geom, ST_MakeEnvelope(%(west)s - 1e-5, %(south)s - 1e-5, %(east)s + 1e-5, %(north)s + 1e-5, 4490)), 3)) FROM atlas.excluded
WHERE geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4490)

-- name: houses
-- Buildings in a grid in force: point, footprint, households.
SELECT ST_AsBinary(b.geom), ST_AsBinary(b.footprint), b.households
FROM atlas.grid AS g
JOIN atlas.building AS b ON b.geom && g.geom AND ST_Covers(g.geom, b.geom)
WHERE g.network_id = %(network)s AND g.code = %(grid)s AND g.valid_to IS NULL
ORDER BY b.id

-- name: roads
-- Roads through a grid in force that a border may follow.
SELECT ST_AsBinary(r.geom)
FROM atlas.grid AS g
JOIN atlas.road AS r ON r.geom && g.geom AND ST_Intersects(r.geom, g.geom)
WHERE g.network_id = %(network)s AND g.code = %(grid)s AND g.valid_to IS NULL AND r.kind <> 'path'
ORDER BY r.id

-- name: house
-- One building by its code: id, point, footprint, declared grid.
SELECT id, ST_AsBinary(geom), ST_AsBinary(footprint), declared_grid FROM atlas.building WHERE code = %(code)s

-- name: beside
-- Footprints of other buildings within about 5 m of a place.
SELECT ST_AsBinary(footprint) FROM atlas.building
WHERE footprint && ST_Expand(ST_GeomFromWKB(%(place)s, 4490), 0.00006) AND code <> %(code)s

-- name: gap_at
-- The unclaimed land around a point.
SELECT ST_AsBinary(geom) FROM atlas.finding
WHERE network_id = %(network)s AND rule = 'unclaimed_land'
  AND geom && ST_GeomFromWKB(%(place)s, 4490) AND ST_Covers(geom, ST_GeomFromWKB(%(place)s, 4490))
ORDER BY id LIMIT 1

-- name: used_codes
-- Codes of a network that begin like this, in force or not: none is ever used again.
SELECT DISTINCT code FROM atlas.grid WHERE network_id = %(network)s AND starts_with(code, %(prefix)s)

-- name: area_named
-- Code and name of an area.
SELECT code, name FROM atlas.area WHERE id = %(id)s

-- name: loads
-- Land, buildings, households, people of grids in force.
SELECT g.code, g.name, g.version, atlas.area_m2(g.geom) AS area_m2, count(b.id) AS buildings,
    coalesce(sum(b.households), 0) AS households, coalesce(sum(b.people), 0) AS people
FROM atlas.grid AS g
LEFT JOIN atlas.building AS b ON b.geom && g.geom AND ST_Covers(g.geom, b.geom)
WHERE g.network_id = %(network)s AND g.valid_to IS NULL AND g.code = ANY (%(codes)s)
GROUP BY g.id
ORDER BY g.code

-- name: open_incidents
-- Incidents not closed that lie in a place.
SELECT count(*) FROM atlas.incident AS i, (SELECT ST_GeomFromWKB(%(place)s, 4490) AS geom) AS p
WHERE i.closed_at IS NULL AND i.geom && p.geom AND ST_Covers(p.geom, i.geom)

-- name: standing
-- Findings around an edit: of its grids, or at its place.
SELECT f.id, f.rule, f.severity, ST_AsBinary(f.geom) AS wkb, f.measure, f.subjects, f.grid_codes AS grids,
    f.building_codes AS buildings, f.remedies, a.code AS area_code, a.name AS area_name, l.id AS entry_id, f.area_id
FROM atlas.finding AS f
LEFT JOIN atlas.area AS a ON a.id = f.area_id
LEFT JOIN atlas.ledger AS l ON l.finding_id = f.id
WHERE f.network_id = %(network)s AND (
    f.grid_codes && %(codes)s
    OR f.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4490)
)
ORDER BY f.id

-- name: lock
-- One writer of grids at a time, imports included (gis/records/store.sql), until the transaction ends.
SELECT pg_advisory_xact_lock(7041975, %(dataset)s)

-- name: in_force
-- Versions of grids in force.
SELECT code, version FROM atlas.grid WHERE network_id = %(network)s AND valid_to IS NULL AND code = ANY (%(codes)s)

-- name: known
-- Codes that were ever used.
SELECT DISTINCT code FROM atlas.grid WHERE network_id = %(network)s AND code = ANY (%(codes)s)

-- name: close
-- The version in force ends today.
UPDATE atlas.grid SET valid_to = greatest(valid_from, atlas.today()), updated_at = now()
WHERE network_id = %(network)s AND code = %(code)s AND version = %(version)s AND valid_to IS NULL
RETURNING id

-- name: renew
-- The next version of a grid that was just closed.
INSERT INTO atlas.grid (network_id, code, version, name, kind, area_id, area_code, geom, valid_from)
SELECT network_id, code, version + 1, name, kind, area_id, area_code, ST_GeomFromWKB(%(geom)s, 4490), valid_to
FROM atlas.grid WHERE network_id = %(network)s AND code = %(code)s AND version = %(version)s
RETURNING id

-- name: create
-- The first version of a grid that was not there.
INSERT INTO atlas.grid (network_id, code, name, kind, area_id, area_code, geom, valid_from)
SELECT %(network)s, %(code)s, %(name)s, %(kind)s, a.id, a.code, ST_GeomFromWKB(%(geom)s, 4490), atlas.today()
FROM (SELECT %(home)s::bigint AS id) AS h
LEFT JOIN atlas.area AS a USING (id)
RETURNING id

-- name: posts
-- Posts of a grid that ended go on in the one that has its land now, from today; those that cannot end with it: a second
-- chief, and what somebody does there already. (post, the one it goes on as)
WITH held AS MATERIALIZED (
    SELECT t.*, p.code AS person, n.code AS network FROM atlas.post AS t
    JOIN atlas.person AS p ON p.id = t.person_id JOIN atlas.network AS n ON n.id = t.network_id
    WHERE t.network_id = %(network)s AND t.grid_code = %(code)s AND (t.valid_to IS NULL OR t.valid_to >= atlas.today())
), goes AS MATERIALIZED (
    SELECT h.*, greatest(h.valid_from, atlas.today()) AS begins, %(into)s::text IS NOT NULL AND NOT EXISTS (
        SELECT FROM atlas.post AS o WHERE o.network_id = h.network_id AND o.grid_code = %(into)s AND o.duty = h.duty
            AND (o.person_id = h.person_id OR h.duty = 'chief')
            AND daterange(o.valid_from, o.valid_to, '[]') && daterange(greatest(h.valid_from, atlas.today()), h.valid_to, '[]')
    ) AND (h.duty <> 'chief' OR row_number() OVER (PARTITION BY h.duty ORDER BY h.valid_from, h.id) = 1) AS follows
    FROM held AS h
), ended AS (
    UPDATE atlas.post AS t SET valid_to = greatest(t.valid_from, atlas.today() - 1), updated_at = now()
    FROM goes AS g WHERE t.id = g.id
), made AS (
    INSERT INTO atlas.post (code, person_id, duty, network_id, grid_code, building_id, building_code, organisation_id, valid_from, valid_to)
    SELECT concat(g.person, '/', g.duty, '/', g.network, ':', %(into)s::text, '/', coalesce(g.building_code, '-'), '/', coalesce(g.organisation_id::text, '-'), '/', g.begins, '/', g.id),
        g.person_id, g.duty, g.network_id, %(into)s, g.building_id, g.building_code, g.organisation_id, g.begins, g.valid_to
    FROM goes AS g WHERE g.follows ORDER BY g.id
    RETURNING id, person_id, duty, building_id
)
SELECT g.id, m.id FROM goes AS g
LEFT JOIN made AS m ON g.follows AND m.person_id = g.person_id AND m.duty = g.duty AND m.building_id IS NOT DISTINCT FROM g.building_id
ORDER BY g.id

-- name: former
-- What a grid was in one of its versions.
SELECT name, kind, ST_AsBinary(geom), area_id FROM atlas.grid
WHERE network_id = %(network)s AND code = %(code)s AND version = %(version)s

-- name: note
-- One deed.
INSERT INTO atlas.audit (action, relation, subject, before, after, reason)
VALUES (%(action)s, %(relation)s, %(subject)s, %(before)s, %(after)s, %(reason)s)

-- name: event
-- A line in the history of an entry.
INSERT INTO atlas.ledger_event (ledger_id, act, before, after, note, data)
VALUES (%(entry)s, %(act)s, %(before)s, %(after)s, %(note)s, %(data)s)

-- name: may_plan
-- Whether the actor plans; whether he proposes.
SELECT atlas.has_role('{planner}') OR atlas.account_id() IS NULL AND atlas.everywhere(),
    atlas.has_role('{planner,supervisor}') OR atlas.account_id() IS NULL AND atlas.everywhere()

-- name: may_give
-- Whether the actor gives tasks.
SELECT atlas.has_role('{supervisor}') OR atlas.account_id() IS NULL AND atlas.everywhere()

-- name: reach
-- Which of these areas and grids the actor works on.
SELECT
    coalesce((SELECT array_agg(id) FROM unnest(%(areas)s::bigint[]) AS id
        WHERE atlas.everywhere() OR id = ANY (atlas.scope_areas())), '{}'),
    coalesce((SELECT array_agg(DISTINCT g.code) FROM atlas.grid AS g
        WHERE g.network_id = %(network)s AND g.code = ANY (%(codes)s)
          AND (atlas.everywhere() OR g.id = ANY (atlas.scope_area_grids()))), '{}')

-- name: propose
-- A proposal.
INSERT INTO atlas.proposal (ledger_id, network_id, remedy, edit, effect)
VALUES (%(entry)s, %(network)s, %(remedy)s, %(edit)s, %(effect)s) RETURNING id

-- name: proposal
-- One proposal.
SELECT p.id, p.ledger_id AS entry_id, n.code AS network, p.network_id, p.remedy, p.edit, p.effect, p.state, p.actor,
    p.created_at, p.updated_at
FROM atlas.proposal AS p JOIN atlas.network AS n ON n.id = p.network_id WHERE p.id = %(id)s

-- name: proposals
-- Proposals of an entry, newest first.
SELECT p.id, p.ledger_id AS entry_id, n.code AS network, p.network_id, p.remedy, p.edit, p.effect, p.state, p.actor,
    p.created_at, p.updated_at
FROM atlas.proposal AS p JOIN atlas.network AS n ON n.id = p.network_id
WHERE p.ledger_id = %(entry)s ORDER BY p.id DESC

-- name: turn
-- A proposal goes from one state to another.
UPDATE atlas.proposal SET state = %(after)s, effect = coalesce(%(effect)s, effect), updated_at = now()
WHERE id = %(id)s AND state = %(before)s RETURNING ledger_id

-- name: still
-- Whether an entry still stands.
SELECT finding_id IS NOT NULL FROM atlas.ledger WHERE id = %(entry)s

-- name: add_task
-- A task.
INSERT INTO atlas.task (ledger_id, kind, owner_id, person_id, network_id, grid_code, building_codes, area_id, due_on, note)
SELECT l.id, %(kind)s, %(owner)s, %(person)s, l.network_id, %(grid)s, l.building_codes, l.area_id, %(due)s, %(note)s
FROM atlas.ledger AS l WHERE l.id = %(entry)s RETURNING id

-- name: finish_task
-- A task is done.
UPDATE atlas.task SET done_at = now(), result = %(result)s, updated_at = now()
WHERE id = %(id)s AND done_at IS NULL RETURNING ledger_id, kind

-- name: tasks
-- Tasks of an entry, or the actor's own open ones: those due first.
SELECT t.id, t.ledger_id AS entry_id, t.kind, atlas.called(t.owner_id) AS owner, p.name AS person, t.grid_code AS grid,
    t.building_codes AS buildings, t.due_on, t.note, t.done_at, t.result, atlas.called(t.actor) AS actor, t.created_at,
    (t.done_at IS NULL AND t.due_on < atlas.today()) IS TRUE AS overdue, t.owner_id = atlas.account_id() IS TRUE AS mine
FROM atlas.task AS t
LEFT JOIN atlas.person AS p ON p.id = t.person_id
WHERE (%(entry)s::bigint IS NULL OR t.ledger_id = %(entry)s)
  AND (NOT %(mine)s::boolean OR t.owner_id = atlas.account_id() AND t.done_at IS NULL)
ORDER BY t.done_at IS NOT NULL, t.due_on NULLS LAST, t.id

-- name: declare
-- The record of a building names another grid.
UPDATE atlas.building SET declared_grid = %(grid)s, updated_at = now() WHERE code = %(code)s RETURNING id

-- name: person
-- A person of the staff.
SELECT id FROM atlas.person WHERE code = %(code)s

-- name: holes_named
-- Codes of allowed gaps that begin like this.
SELECT code FROM atlas.excluded WHERE starts_with(code, %(prefix)s)

-- name: follow
-- Building records that named a grid which had this land name the one that has it now.
UPDATE atlas.building SET declared_grid = %(after)s, updated_at = now()
WHERE geom && ST_GeomFromWKB(%(place)s, 4490) AND ST_Covers(ST_GeomFromWKB(%(place)s, 4490), geom)
  AND declared_grid = ANY (%(before)s) AND declared_grid <> %(after)s

-- name: exclude
-- An allowed gap with its reason.
INSERT INTO atlas.excluded (code, name, reason, geom)
VALUES (%(code)s, %(name)s, %(reason)s, ST_Multi(ST_CollectionExtract(ST_GeomFromWKB(%(geom)s, 4490), 3))) RETURNING id
