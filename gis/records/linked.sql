-- Records that name others by code: people and their posts, leave, organisations, visits, tracks, duties.
-- The temporary table "incoming" holds a clean frame; what stands here turns its codes into ids and
-- finds the rows that name nobody. Names in braces are filled in by psycopg.sql.

-- name: extend!
-- room for what the codes stand for
ALTER TABLE pg_temp.incoming ADD COLUMN person_id bigint, ADD COLUMN network_id bigint, ADD COLUMN organisation_id bigint,
    ADD COLUMN post_code text, ADD COLUMN target bigint;

-- name: resolve_people!
-- network, organisation and person (where he is known already) of each post
UPDATE pg_temp.incoming i
SET network_id = CASE WHEN i.grid_code IS NOT NULL THEN %(network)s END,
    organisation_id = (SELECT o.id FROM atlas.organisation o WHERE o.code = i.organisation_code),
    person_id = (SELECT p.id FROM atlas.person p WHERE p.code = i.code);

-- name: resolve_staff!
-- whose leave, visit or track it is: by staff number, else by a phone that only one person has
UPDATE pg_temp.incoming i SET person_id = found.id
FROM (
    SELECT c.code, coalesce(
        (SELECT p.id FROM atlas.person p WHERE p.code = c.code),
        (SELECT min(p.id) FROM atlas.person p WHERE p.phone = c.code AND p.phone <> '' HAVING count(*) = 1)) AS id
    FROM (SELECT DISTINCT person_code AS code FROM pg_temp.incoming WHERE person_code IS NOT NULL) c
) found
WHERE found.code = i.person_code;

-- name: resolve_visits!
-- grid of each visit: the one named, else the one its point or its building lay in on that day
UPDATE pg_temp.incoming i
SET network_id = %(network)s,
    grid_code = coalesce(i.grid_code, atlas.grid_at(%(network)s,
        coalesce(i.geom, (SELECT b.geom FROM atlas.building b WHERE b.code = i.building_code)),
        (i.visited_at AT TIME ZONE 'Asia/Shanghai')::date));

-- name: resolve_organisations!
-- network of the grids that organisations name
UPDATE pg_temp.incoming i SET network_id = CASE WHEN i.grid_code IS NOT NULL THEN %(network)s END;

-- name: person_missing
-- rows that do not say whose they are
DELETE FROM pg_temp.incoming i WHERE i.person_code IS NULL RETURNING i.source_row, NULL::text;

-- name: person_unknown
-- rows of a person nobody knows
DELETE FROM pg_temp.incoming i WHERE i.person_id IS NULL RETURNING i.source_row, i.person_code;

-- name: grid_unknown
-- rows that name a grid which never was in this network
DELETE FROM pg_temp.incoming i
WHERE i.grid_code IS NOT NULL AND NOT EXISTS (SELECT FROM atlas.grid g WHERE g.network_id = i.network_id AND g.code = i.grid_code)
RETURNING i.source_row, i.grid_code;

-- name: building_unknown
-- rows that name a building which is not stored
DELETE FROM pg_temp.incoming i
WHERE i.building_code IS NOT NULL AND NOT EXISTS (SELECT FROM atlas.building b WHERE b.code = i.building_code)
RETURNING i.source_row, i.building_code;

-- name: organisation_unknown
-- posts that name an organisation which is not stored
DELETE FROM pg_temp.incoming i
WHERE i.organisation_code IS NOT NULL AND i.organisation_id IS NULL
RETURNING i.source_row, i.organisation_code;

-- name: area_unknown
-- rows that name an area which is not stored
DELETE FROM pg_temp.incoming i
WHERE i.area_code IS NOT NULL AND NOT EXISTS (SELECT FROM atlas.area a WHERE a.code = i.area_code)
RETURNING i.source_row, i.area_code;

-- name: parent_unknown
-- organisations whose parent is neither stored nor in the file (any more)
DELETE FROM pg_temp.incoming i
WHERE i.parent_code IS NOT NULL AND NOT EXISTS (SELECT FROM atlas.organisation o WHERE o.code = i.parent_code)
    AND NOT EXISTS (SELECT FROM pg_temp.incoming p WHERE p.code = i.parent_code)
RETURNING i.source_row, i.parent_code;

-- name: parent_narrow
-- organisations whose parent, as it will be, stands no higher than themselves
DELETE FROM pg_temp.incoming i
USING (
    SELECT code, level FROM pg_temp.incoming
    UNION ALL
    SELECT o.code, o.level FROM atlas.organisation o WHERE NOT EXISTS (SELECT FROM pg_temp.incoming n WHERE n.code = o.code)
) p
WHERE p.code = i.parent_code AND array_position({levels}, p.level) >= array_position({levels}, i.level)
RETURNING i.source_row, i.parent_code;

-- name: person_differs
-- posts whose person has another name or phone on an earlier row
DELETE FROM pg_temp.incoming i
USING (
    SELECT source_row, first_value(name) OVER w AS name, first_value(phone) OVER w AS phone
    FROM pg_temp.incoming WINDOW w AS (PARTITION BY code ORDER BY source_row)
) f
WHERE f.source_row = i.source_row AND (f.name IS DISTINCT FROM i.name OR f.phone IS DISTINCT FROM i.phone)
RETURNING i.source_row, i.code;

-- name: post_twice
-- posts that an earlier row gives already: same person, duty and place at the same time
DELETE FROM pg_temp.incoming i
USING pg_temp.incoming f
WHERE f.source_row < i.source_row AND f.code = i.code AND f.duty = i.duty AND f.grid_code IS NOT DISTINCT FROM i.grid_code
    AND f.building_code IS NOT DISTINCT FROM i.building_code AND f.organisation_code IS NOT DISTINCT FROM i.organisation_code
    AND daterange(f.valid_from, f.valid_to, '[]') && daterange(i.valid_from, i.valid_to, '[]')
RETURNING i.source_row, i.code;

-- name: leave_twice
-- leave that begins on the same day on an earlier row
DELETE FROM pg_temp.incoming i
USING pg_temp.incoming f
WHERE f.source_row < i.source_row AND f.person_id = i.person_id AND f.begins = i.begins
RETURNING i.source_row, i.person_code;

-- name: match_people!
-- the stored post each row means: same person, duty and place, at a time that touches; each is meant once
UPDATE pg_temp.incoming i SET target = m.id
FROM (
    SELECT DISTINCT ON (id) id, source_row FROM (
        SELECT DISTINCT ON (i.source_row) i.source_row, t.id, coalesce(t.valid_from = i.valid_from, false) AS exact
        FROM pg_temp.incoming i
        JOIN atlas.post t ON t.person_id = i.person_id AND t.duty = i.duty AND t.network_id IS NOT DISTINCT FROM i.network_id
            AND t.grid_code IS NOT DISTINCT FROM i.grid_code AND t.building_code IS NOT DISTINCT FROM i.building_code
            AND t.organisation_id IS NOT DISTINCT FROM i.organisation_id
            AND daterange(t.valid_from, t.valid_to, '[]') && daterange(i.valid_from, i.valid_to, '[]')
        ORDER BY i.source_row, exact DESC, t.valid_to IS NULL DESC, t.id
    ) near
    ORDER BY id, exact DESC, source_row
) m
WHERE m.source_row = i.source_row;

-- name: name_posts!
-- the code a new post gets: person, duty, place, first day
UPDATE pg_temp.incoming i
SET post_code = concat_ws('/', i.code, i.duty, coalesce((SELECT n.code FROM atlas.network n WHERE n.id = i.network_id) || ':' || i.grid_code, '-'),
    coalesce(i.building_code, '-'), coalesce(i.organisation_code, '-'), coalesce(i.valid_from, atlas.today())::text);

-- name: insert_persons!
-- persons nobody knew
INSERT INTO atlas.person (code, name, phone, source_row, source_id)
SELECT DISTINCT ON (i.code) i.code, i.name, i.phone, i.source_row, %(source)s FROM pg_temp.incoming i
WHERE NOT EXISTS (SELECT FROM atlas.person p WHERE p.code = i.code)
ORDER BY i.code, i.source_row;

-- name: update_persons!
-- persons whose name or phone the file says anew
UPDATE atlas.person p SET name = n.name, phone = n.phone, source_row = n.source_row, source_id = %(source)s, updated_at = now()
FROM (
    SELECT DISTINCT ON (i.code) i.code, i.name, CASE WHEN %(phone)s THEN i.phone END AS phone, i.source_row
    FROM pg_temp.incoming i ORDER BY i.code, i.source_row
) f
CROSS JOIN LATERAL (SELECT f.name, coalesce(f.phone, q.phone) AS phone, f.source_row FROM atlas.person q WHERE q.code = f.code) n
WHERE p.code = f.code AND (p.name, p.phone) IS DISTINCT FROM (n.name, n.phone);

-- name: persons_left
-- how many persons still have another name than the file says
SELECT count(*) FROM pg_temp.incoming i JOIN atlas.person p ON p.code = i.code WHERE p.name IS DISTINCT FROM i.name;

-- name: written
-- ids of the rows that were written
SELECT coalesce(array_agg(t.id), '{{}}') FROM {table} t
JOIN pg_temp.incoming i ON i.code = t.code
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND v.same IS NOT TRUE;

-- name: beside
-- visits that will be changed, and those whose questions depend on where and when they were
SELECT atlas.visit_neighbours(coalesce(array_agg(v.target), '{}')) FROM pg_temp.verdict v WHERE v.target IS NOT NULL AND NOT v.same;
