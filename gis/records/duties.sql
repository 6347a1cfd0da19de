-- The duty list: which unit leads for what, where, from when to when.

-- name: duties
-- items in force on a day, by category or area or word
SELECT d.id, d.code, d.number, d.name, d.domain, d.listing, d.kind, d.category, d.categories, d.area_code AS area, d.lead, d.assists, d.task, d.basis,
    v.version, d.valid_from, d.valid_to
FROM atlas.duty d LEFT JOIN atlas.duty_list v ON v.id = d.list_id
WHERE d.valid_from <= coalesce(%(day)s, atlas.today()) AND (d.valid_to IS NULL OR d.valid_to >= coalesce(%(day)s, atlas.today()))
  AND (%(kind)s::text IS NULL OR d.kind = %(kind)s) AND (%(category)s::text IS NULL OR d.categories @> ARRAY[%(category)s::text])
  AND (%(area)s::text IS NULL OR d.area_code IS NULL OR d.area_code = %(area)s)
  AND (%(words)s = '' OR concat_ws(' ', d.code, d.name, d.domain, d.category, d.lead, d.assists) ILIKE '%%' || %(words)s || '%%')
ORDER BY d.kind, array_position(ARRAY['street', 'shared', 'department'], d.listing), d.category, d.area_code NULLS FIRST, d.code
LIMIT %(limit)s;

-- name: nearest
-- items in force on a day for a category: all of the nearest division (codes, nearest first; then the whole office) that has any
WITH fit AS (
    SELECT d.*, dense_rank() OVER (ORDER BY array_position(%(areas)s::text[], nullif(d.area_code, '')) NULLS LAST) AS rank
    FROM atlas.duty d
    WHERE d.id = ANY (ARRAY(SELECT atlas.duties_of(%(kind)s, %(category)s)))
        AND (coalesce(d.area_code, '') = '' OR d.area_code = ANY (%(areas)s::text[]))
        AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to >= %(day)s)
)
SELECT d.id, d.code, d.number, d.name, d.domain, d.listing, d.kind, d.category, d.categories, d.area_code AS area, d.lead, d.assists, d.task, d.basis,
    v.version, d.valid_from, d.valid_to
FROM fit d LEFT JOIN atlas.duty_list v ON v.id = d.list_id
WHERE d.rank = 1 ORDER BY d.code;

-- name: of_list
-- items of a version, as it was taken in
SELECT d.id, d.code, d.number, d.name, d.domain, d.listing, d.kind, d.category, d.categories, d.area_code AS area, d.lead, d.assists, d.task, d.basis,
    v.version, d.valid_from, d.valid_to
FROM atlas.duty d JOIN atlas.duty_list v ON v.id = d.list_id
WHERE d.list_id = %(list)s ORDER BY d.source_row, d.code;

-- name: split_before!
-- items in force that name several categories, one of which another takes over: what is left of them goes on as an item of its own
INSERT INTO atlas.duty (code, number, name, domain, listing, kind, category, area_code, lead, assists, task, basis, valid_from, valid_to)
SELECT d.code || '~' || %(begins)s, d.number, d.name, d.domain, d.listing, d.kind,
    array_to_string(array_remove(d.categories[2:], %(category)s::text), '、'), d.area_code, d.lead, d.assists, d.task, d.basis, %(begins)s, d.valid_to
FROM atlas.duty d
WHERE d.kind = %(kind)s AND d.categories[2:] @> ARRAY[%(category)s::text] AND d.categories[1] <> %(category)s AND cardinality(d.categories) > 2
  AND d.area_code IS NOT DISTINCT FROM %(area)s AND d.code <> %(code)s
  AND d.valid_from <= %(begins)s AND (d.valid_to IS NULL OR d.valid_to >= %(begins)s);

-- name: end_before!
-- items of a category and area in force when another begins: they end the day before
UPDATE atlas.duty d SET valid_to = %(begins)s::date - 1, updated_at = now()
WHERE d.kind = %(kind)s AND d.categories @> ARRAY[%(category)s::text] AND d.area_code IS NOT DISTINCT FROM %(area)s AND d.code <> %(code)s
  AND d.valid_from <= %(begins)s AND (d.valid_to IS NULL OR d.valid_to >= %(begins)s);

-- name: claim
-- a new item
INSERT INTO atlas.duty (code, name, listing, kind, category, area_code, lead, assists, task, basis, valid_from)
VALUES (%(code)s, %(name)s, %(listing)s, %(kind)s, %(category)s, %(area)s, %(lead)s, %(assists)s, %(task)s, %(basis)s, %(begins)s)
ON CONFLICT (code) DO UPDATE SET lead = EXCLUDED.lead, assists = EXCLUDED.assists, task = EXCLUDED.task, basis = EXCLUDED.basis,
    listing = EXCLUDED.listing, valid_to = NULL, updated_at = now()
RETURNING id;
