-- Versions of the duty list: one of them in force on a day, each ends what was in force before.

-- name: lists
-- versions, the newest first, with how many items they brought
SELECT l.id, l.name, l.version, l.approved_by, l.approved_on, l.document, l.valid_from, l.valid_to,
    (SELECT count(*)::integer FROM atlas.duty d WHERE d.list_id = l.id) AS items
FROM atlas.duty_list l
WHERE (%(version)s::text IS NULL OR l.version = %(version)s) AND (%(name)s::text IS NULL OR l.name = %(name)s)
ORDER BY l.valid_from DESC, l.id DESC;

-- name: add
-- a version, in force until the next one that is known begins
INSERT INTO atlas.duty_list (name, version, approved_by, approved_on, document, valid_from, valid_to)
VALUES (%(name)s, %(version)s, %(approved_by)s, %(approved_on)s, %(document)s, %(valid_from)s::date, (
    SELECT min(l.valid_from) - 1 FROM atlas.duty_list l
    WHERE l.valid_from > %(valid_from)s AND (l.valid_to IS NULL OR l.valid_to >= l.valid_from)
))
RETURNING id;

-- name: working_on
-- rows of duties that are written in this transaction belong to this version
SELECT set_config('atlas.duty_list', %(list)s::text, true);

-- name: standing
-- items in force on the first day of a version that are not its own
SELECT d.id FROM atlas.duty d
WHERE d.list_id IS DISTINCT FROM %(list)s AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to >= %(day)s);

-- name: end_items!
-- items in force when a version begins, other than its own: they end the day before (those that began that day were never in force)
UPDATE atlas.duty d SET valid_to = %(day)s::date - 1, updated_at = now()
WHERE d.list_id IS DISTINCT FROM %(list)s AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to >= %(day)s);

-- name: end_lists!
-- versions in force when a version begins, other than itself
UPDATE atlas.duty_list l SET valid_to = %(day)s::date - 1, updated_at = now()
WHERE l.id <> %(list)s AND l.valid_from <= %(day)s AND (l.valid_to IS NULL OR l.valid_to >= %(day)s);

-- name: clip!
-- items of a version end with it at the latest
UPDATE atlas.duty d SET valid_to = l.valid_to, updated_at = now()
FROM atlas.duty_list l
WHERE l.id = %(list)s AND d.list_id = l.id AND l.valid_to IS NOT NULL AND (d.valid_to IS NULL OR d.valid_to > l.valid_to);

-- name: later
-- items outside of any version that begin after a day, up to another one, and so stay beside a version
SELECT count(*)::integer FROM atlas.duty d, atlas.duty_list l
WHERE l.id = %(list)s AND d.list_id IS NULL AND d.valid_from > l.valid_from AND (l.valid_to IS NULL OR d.valid_from <= l.valid_to)
    AND (d.valid_to IS NULL OR d.valid_to >= d.valid_from);
