-- The duty list: which unit leads for what, where, from when to when.

-- name: duties
-- items in force on a day, by category or area or word
SELECT d.id, d.code, d.name, d.listing, d.kind, d.category, d.area_code AS area, d.lead, d.assists, d.basis, d.valid_from, d.valid_to
FROM atlas.duty d
WHERE d.valid_from <= coalesce(%(day)s, atlas.today()) AND (d.valid_to IS NULL OR d.valid_to >= coalesce(%(day)s, atlas.today()))
  AND (%(kind)s::text IS NULL OR d.kind = %(kind)s) AND (%(category)s::text IS NULL OR d.category = %(category)s)
  AND (%(area)s::text IS NULL OR d.area_code IS NULL OR d.area_code = %(area)s)
  AND (%(words)s = '' OR concat_ws(' ', d.code, d.name, d.category, d.lead) ILIKE '%%' || %(words)s || '%%')
ORDER BY d.kind, d.category, d.area_code NULLS FIRST, d.code
LIMIT %(limit)s;

-- name: nearest
-- items in force on a day for a category: all of the nearest division (codes, nearest first; then the whole office) that has any
SELECT id, code, name, listing, kind, category, area, lead, assists, basis, valid_from, valid_to
FROM (
    SELECT d.id, d.code, d.name, d.listing, d.kind, d.category, d.area_code AS area, d.lead, d.assists, d.basis, d.valid_from, d.valid_to,
        dense_rank() OVER (ORDER BY array_position(%(areas)s::text[], nullif(d.area_code, '')) NULLS LAST) AS rank
    FROM atlas.duty d
    WHERE d.kind = %(kind)s AND d.category = %(category)s AND (coalesce(d.area_code, '') = '' OR d.area_code = ANY (%(areas)s::text[]))
        AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to >= %(day)s)
) AS fit
WHERE rank = 1 ORDER BY code;

-- name: end_before!
-- items of a category and area in force when another begins: they end the day before
UPDATE atlas.duty d SET valid_to = greatest(%(begins)s::date - 1, d.valid_from), updated_at = now()
WHERE d.kind = %(kind)s AND d.category = %(category)s AND d.area_code IS NOT DISTINCT FROM %(area)s AND d.lead <> ''
  AND d.valid_from < %(begins)s AND (d.valid_to IS NULL OR d.valid_to >= %(begins)s);

-- name: claim
-- a new item
INSERT INTO atlas.duty (code, name, listing, kind, category, area_code, lead, assists, basis, valid_from)
VALUES (%(code)s, %(name)s, %(listing)s, %(kind)s, %(category)s, %(area)s, %(lead)s, %(assists)s, %(basis)s, %(begins)s)
ON CONFLICT (code) DO UPDATE SET lead = EXCLUDED.lead, assists = EXCLUDED.assists, basis = EXCLUDED.basis, updated_at = now()
RETURNING id;
