-- Whose is it: the place of a point, and the items of the duty list that hold there.

-- name: place
-- grid of the day that holds a point, and the area that counts: the grid's, else the one under the point, else the one that is named
WITH given AS (
    SELECT CASE WHEN %(x)s::float8 IS NOT NULL THEN ST_SetSRID(ST_Point(%(x)s, %(y)s), 4490) END AS point, %(day)s::date AS day
), held AS MATERIALIZED (
    SELECT g.id, g.code, g.name, g.network_id, g.area_id FROM given p JOIN atlas.grid g ON g.geom && p.point AND ST_Covers(g.geom, p.point)
    WHERE g.network_id = (SELECT atlas.first_network()) AND (g.valid_to IS NULL OR p.day < g.valid_to)
    ORDER BY (g.valid_from <= p.day) DESC, g.valid_to NULLS FIRST, g.id LIMIT 1
)
SELECT h.id, h.code, h.name, n.code AS network,
    coalesce(h.area_id, atlas.area_at(p.point), (SELECT a.id FROM atlas.area a WHERE a.code = %(area)s)) AS area_id
FROM given p LEFT JOIN held h ON true LEFT JOIN atlas.network n ON n.id = h.network_id;

-- name: chain
-- an area and those above it, nearest first
WITH RECURSIVE chain AS (
    SELECT a.id, a.code, a.name, a.level, a.parent_id, 0 AS depth FROM atlas.area a WHERE a.id = %(area)s
    UNION ALL
    SELECT a.id, a.code, a.name, a.level, a.parent_id, c.depth + 1 FROM chain c JOIN atlas.area a ON a.id = c.parent_id WHERE c.depth < 10
)
SELECT id, code, name, level FROM chain ORDER BY depth;
