-- name: listing
-- Findings of a network, most households first, blind ones first among equals; area keeps an area and those below it.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s::text
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
)
SELECT f.id, f.rule, f.severity, ST_AsBinary(f.geom) AS wkb, atlas.shown_measure(f.measure) AS measure, f.subjects,
    f.grid_codes AS grids, f.building_codes AS buildings, f.remedies, a.code AS area_code, a.name AS area_name
FROM atlas.finding AS f
JOIN atlas.network AS n ON n.id = f.network_id
LEFT JOIN atlas.area AS a ON a.id = f.area_id
WHERE n.code = %(network)s
  AND (%(rules)s::text[] IS NULL OR f.rule = ANY (%(rules)s::text[]))
  AND (%(severities)s::text[] IS NULL OR f.severity = ANY (%(severities)s::text[]))
  AND (%(area)s::text IS NULL OR f.area_id IN (SELECT id FROM wanted))
ORDER BY f.households DESC, f.buildings DESC, array_position(ARRAY['blind', 'block', 'warn', 'hint'], f.severity),
    f.area_m2 DESC, f.id
LIMIT %(limit)s::bigint OFFSET %(offset)s

-- name: one
-- One finding by its number.
SELECT f.id, f.rule, f.severity, ST_AsBinary(f.geom) AS wkb, atlas.shown_measure(f.measure) AS measure, f.subjects,
    f.grid_codes AS grids, f.building_codes AS buildings, f.remedies, a.code AS area_code, a.name AS area_name
FROM atlas.finding AS f
LEFT JOIN atlas.area AS a ON a.id = f.area_id
WHERE f.id = %(id)s

-- name: counts
-- (rule, severity, number) of the findings of a network.
SELECT f.rule, f.severity, count(*)
FROM atlas.finding AS f
JOIN atlas.network AS n ON n.id = f.network_id
WHERE n.code = %(network)s
GROUP BY f.rule, f.severity
ORDER BY f.rule, f.severity
