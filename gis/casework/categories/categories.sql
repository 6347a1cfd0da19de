-- Categories as an office imported them.

-- name: categories
-- every row, whenever it is in force
SELECT c.standard, c.kind, c.code, c.version, c.name, c.parent, c.synonyms, c.pinyin, c.example, c.valid_from, c.valid_to, c.source
FROM atlas.category AS c ORDER BY c.id;

-- name: stamp
-- what changes whenever a row does
SELECT count(*), coalesce(max(c.id), 0), max(c.updated_at) FROM atlas.category AS c;

-- name: matches
-- the cross-walk
SELECT m.kind, m.standard, m.code, m.other_standard, m.other_code, m.relation, m.source FROM atlas.category_match AS m ORDER BY m.id;

-- name: end!
-- rows of a standard and kind in force when another version begins, or gone from this one: they end the day before
UPDATE atlas.category AS c SET valid_to = %(begins)s::date - 1, updated_at = now()
WHERE c.standard = %(standard)s AND c.kind = %(kind)s AND (c.version <> %(version)s OR c.code <> ALL (%(codes)s::text[])) AND c.valid_from <= %(begins)s
    AND (c.valid_to IS NULL OR c.valid_to >= %(begins)s);

-- name: later
-- last day of a version before which another one begins
SELECT min(c.valid_from) - 1 FROM atlas.category AS c
WHERE c.standard = %(standard)s AND c.kind = %(kind)s AND c.version <> %(version)s AND c.valid_from > %(begins)s;

-- name: put
-- one row of a version; whether it is new
INSERT INTO atlas.category AS c (standard, kind, code, version, name, parent, synonyms, pinyin, initials, example, valid_from, valid_to, source)
VALUES (%(standard)s, %(kind)s, %(code)s, %(version)s, %(name)s, %(parent)s, %(synonyms)s, %(pinyin)s, %(initials)s, false, %(begins)s, %(until)s, %(source)s)
ON CONFLICT (standard, kind, code, version) DO UPDATE SET name = EXCLUDED.name, parent = EXCLUDED.parent, synonyms = EXCLUDED.synonyms,
    pinyin = EXCLUDED.pinyin, initials = EXCLUDED.initials, valid_from = EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to, source = EXCLUDED.source, updated_at = now()
RETURNING c.created_at = now();

-- name: match!
-- one row of the cross-walk
INSERT INTO atlas.category_match AS m (kind, standard, code, other_standard, other_code, relation, source)
VALUES (%(kind)s, %(standard)s, %(code)s, %(other_standard)s, %(other_code)s, %(relation)s, %(source)s)
ON CONFLICT (kind, standard, code, other_standard, other_code) DO UPDATE SET relation = EXCLUDED.relation, source = EXCLUDED.source, updated_at = now();
