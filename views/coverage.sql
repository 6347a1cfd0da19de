-- name: listed
-- Findings of a network by rule and severity, those of one area and of the areas below it where one is named.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s::text
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
)
SELECT f.rule, f.severity, count(*)
FROM atlas.finding AS f
JOIN atlas.network AS n ON n.id = f.network_id
WHERE n.code = %(network)s AND (%(area)s::text IS NULL OR f.area_id IN (SELECT id FROM wanted))
GROUP BY f.rule, f.severity;

-- name: position
-- How many findings of the same list stand before one: its place in the list, from 0; no row where it is not in the list.
WITH RECURSIVE wanted AS (
    SELECT id FROM atlas.area WHERE code = %(area)s::text
    UNION
    SELECT a.id FROM atlas.area AS a JOIN wanted AS w ON a.parent_id = w.id
), listed AS (
    SELECT f.id, row_number() OVER (
        ORDER BY f.households DESC, f.buildings DESC, array_position(ARRAY['blind', 'block', 'warn', 'hint'], f.severity),
            f.area_m2 DESC, f.id
    ) - 1 AS place
    FROM atlas.finding AS f
    JOIN atlas.network AS n ON n.id = f.network_id
    WHERE n.code = %(network)s
      AND (%(rules)s::text[] IS NULL OR f.rule = ANY (%(rules)s::text[]))
      AND (%(area)s::text IS NULL OR f.area_id IN (SELECT id FROM wanted))
)
SELECT place FROM listed WHERE id = %(id)s;

-- name: of_grid
-- Ids of the findings of a network that name a grid, heaviest first.
SELECT f.id
FROM atlas.finding AS f
JOIN atlas.network AS n ON n.id = f.network_id
WHERE n.code = %(network)s AND f.grid_codes @> ARRAY[%(grid)s::text]
ORDER BY array_position(ARRAY['block', 'blind', 'warn', 'hint'], f.severity), f.households DESC, f.id
LIMIT %(limit)s;

-- name: versions
-- Number of each table that grows with every change of it, and of the day: rights end with it.
SELECT relation, version FROM atlas.layer_version
UNION ALL SELECT 'day', atlas.today() - date '2000-01-01';

-- name: bounds
-- Box of one area in degrees: west, south, east, north.
SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM atlas.area WHERE code = %(area)s;

-- name: newest_import
-- When the last file came in.
SELECT max(created_at) FROM atlas.import;
