-- Who works where: posts, leave, the tree of organisations. Names and phones as the actor may read them.

-- name: staff
-- posts of one grid (or of the whole network) on a day, chiefs first, with the leave that day
SELECT t.id AS post, p.id AS person_id, p.code, atlas.shown_name(p.name) AS name, atlas.shown(p.phone) AS phone, t.duty, t.grid_code AS grid,
       b.code AS building, o.name AS organisation, t.valid_from, t.valid_to,
       l.id IS NOT NULL AS on_leave, l.ends AS leave_ends
FROM atlas.post t
JOIN atlas.person p ON p.id = t.person_id
LEFT JOIN atlas.network n ON n.id = t.network_id
LEFT JOIN atlas.building b ON b.id = t.building_id
LEFT JOIN atlas.organisation o ON o.id = t.organisation_id
LEFT JOIN LATERAL (
    SELECT l.id, l.ends FROM atlas.leave l
    WHERE l.person_id = t.person_id AND l.begins <= coalesce(%(day)s, atlas.today()) AND (l.ends IS NULL OR l.ends >= coalesce(%(day)s, atlas.today()))
    ORDER BY l.begins DESC LIMIT 1
) l ON true
WHERE t.valid_from <= coalesce(%(day)s, atlas.today()) AND (t.valid_to IS NULL OR t.valid_to >= coalesce(%(day)s, atlas.today()))
  AND (%(network)s::text IS NULL OR n.code = %(network)s) AND (%(grid)s::text IS NULL OR t.grid_code = %(grid)s)
  AND (%(person)s::text IS NULL OR p.code = %(person)s)
ORDER BY t.grid_code NULLS LAST, array_position(ARRAY['chief', 'worker', 'part_time', 'guide', 'building_head', 'household_head', 'secretary'], t.duty), p.code;

-- name: on_leave
-- who of those with a post is on leave on a day, and which grids that concerns
SELECT p.id AS person_id, p.code, atlas.shown_name(p.name) AS name, l.begins, l.ends,
       coalesce(array_agg(DISTINCT t.grid_code) FILTER (WHERE t.grid_code IS NOT NULL), '{}') AS grids
FROM atlas.leave l
JOIN atlas.person p ON p.id = l.person_id
JOIN atlas.post t ON t.person_id = p.id AND t.valid_from <= coalesce(%(day)s, atlas.today())
    AND (t.valid_to IS NULL OR t.valid_to >= coalesce(%(day)s, atlas.today()))
WHERE l.begins <= coalesce(%(day)s, atlas.today()) AND (l.ends IS NULL OR l.ends >= coalesce(%(day)s, atlas.today()))
GROUP BY p.id, l.id
ORDER BY l.begins, p.code;

-- name: tree
-- the organisations, each after the one above it, with what they are tied to and who holds a post in them today
WITH RECURSIVE chain AS (
    SELECT o.id, 0 AS depth, ARRAY[o.code] AS path FROM atlas.organisation o WHERE o.parent_id IS NULL
    UNION ALL
    SELECT o.id, c.depth + 1, c.path || o.code FROM atlas.organisation o JOIN chain c ON o.parent_id = c.id
)
SELECT o.id, o.code, o.name, o.level, c.depth, parent.code AS parent, a.code AS area, o.grid_code AS grid, b.code AS building,
       ARRAY(SELECT atlas.shown_name(p.name) FROM atlas.post t JOIN atlas.person p ON p.id = t.person_id
             WHERE t.organisation_id = o.id AND t.valid_from <= atlas.today() AND (t.valid_to IS NULL OR t.valid_to >= atlas.today())
             ORDER BY p.code) AS people
FROM chain c
JOIN atlas.organisation o ON o.id = c.id
LEFT JOIN atlas.organisation parent ON parent.id = o.parent_id
LEFT JOIN atlas.area a ON a.id = o.area_id
LEFT JOIN atlas.building b ON b.id = o.building_id
ORDER BY c.path;

-- name: find
-- persons by part of their code or name, or by their whole phone
SELECT p.id, p.code, atlas.shown_name(p.name) AS name, atlas.shown(p.phone) AS phone, c.name AS account
FROM atlas.person p
LEFT JOIN atlas.account c ON c.id = p.account_id
WHERE %(words)s = '' OR p.code ILIKE '%%' || %(words)s || '%%' OR p.phone = %(words)s
    OR (atlas.sees_names() AND p.name ILIKE '%%' || %(words)s || '%%')
ORDER BY p.code
LIMIT %(limit)s;

-- name: person
-- id of a person by staff number
SELECT id FROM atlas.person WHERE code = %(code)s;

-- name: grid
-- id of a network and whether it has this grid in force
SELECT n.id, EXISTS (SELECT FROM atlas.grid g WHERE g.network_id = n.id AND g.code = %(grid)s AND g.valid_to IS NULL)
FROM atlas.network n WHERE n.code = %(network)s;

-- name: add_person!
-- a new person
INSERT INTO atlas.person (code, name, phone) VALUES (%(code)s, %(name)s, %(phone)s);

-- name: held
-- the post of a person, duty and grid that touches this time
SELECT t.id, t.valid_from, t.valid_to FROM atlas.post t
WHERE t.person_id = %(person)s AND t.duty = %(duty)s AND t.network_id = %(network)s AND t.grid_code = %(grid)s
    AND daterange(t.valid_from, t.valid_to, '[]') && daterange(%(begins)s::date, %(ends)s::date, '[]')
ORDER BY t.valid_from LIMIT 1;

-- name: chiefs_turn
-- one at a time appoints the chief of a grid, until the transaction ends
SELECT pg_advisory_xact_lock(hashtextextended('chief ' || %(network)s::text || '/' || %(grid)s, 0));

-- name: chief
-- staff number and first day of another chief of the grid whose time touches this one
SELECT p.code, t.valid_from FROM atlas.post t JOIN atlas.person p ON p.id = t.person_id
WHERE t.duty = 'chief' AND t.network_id = %(network)s AND t.grid_code = %(grid)s AND t.person_id <> %(person)s
    AND daterange(t.valid_from, t.valid_to, '[]') && daterange(%(begins)s::date, %(ends)s::date, '[]')
ORDER BY t.valid_from LIMIT 1;

-- name: appoint
-- a new post
INSERT INTO atlas.post (code, person_id, duty, network_id, grid_code, valid_from, valid_to)
VALUES (%(code)s, %(person)s, %(duty)s, %(network)s, %(grid)s, %(begins)s, %(ends)s)
RETURNING id;

-- name: post
-- one post, for its end
SELECT t.id, t.code, t.valid_from, t.valid_to FROM atlas.post t WHERE t.id = %(id)s;

-- name: end_post!
-- the last day of a post
UPDATE atlas.post SET valid_to = %(ends)s, updated_at = now() WHERE id = %(id)s;

-- name: leave
-- the leave of a person that touches this time and began on another day
SELECT l.begins, l.ends FROM atlas.leave l
WHERE l.person_id = %(person)s AND l.begins <> %(begins)s
    AND daterange(l.begins, l.ends, '[]') && daterange(%(begins)s::date, %(ends)s::date, '[]')
ORDER BY l.begins LIMIT 1;

-- name: record_leave
-- leave from a day on; the same beginning again moves its end
INSERT INTO atlas.leave AS l (person_id, begins, ends) VALUES (%(person)s, %(begins)s, %(ends)s)
ON CONFLICT (person_id, begins) DO UPDATE SET ends = EXCLUDED.ends, updated_at = now()
RETURNING id;

-- name: link
-- the account a person signs in with
UPDATE atlas.person SET account_id = (SELECT c.id FROM atlas.account c WHERE c.name = %(account)s), updated_at = now()
WHERE code = %(code)s
RETURNING account_id;

-- name: unlink!
-- nobody signs in as this person
UPDATE atlas.person SET account_id = NULL, updated_at = now() WHERE code = %(code)s;

-- name: holder
-- staff number an account stands for, null for nobody's; no row where there is no such account
SELECT p.code FROM atlas.account c LEFT JOIN atlas.person p ON p.account_id = c.id WHERE c.name = %(account)s;

-- name: note!
-- who did what, in the transaction of the deed
INSERT INTO atlas.audit (action, relation, subject, before, after, reason)
VALUES (%(action)s, %(relation)s, %(subject)s, %(before)s, %(after)s, %(reason)s);

-- name: forget
-- retention of tracks: how many went
SELECT atlas.forget_tracks(%(days)s);
