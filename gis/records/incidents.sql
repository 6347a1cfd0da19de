-- name: incidents
-- incidents by code or by grid of their day, newest first
SELECT i.id, i.code, i.kind, i.category, atlas.shown(i.title) AS title, atlas.shown(i.address) AS address, i.channel, i.state, i.occurred_at, i.closed_at,
       g.code AS grid, ST_X(i.geom) AS longitude, ST_Y(i.geom) AS latitude
FROM atlas.incident i
LEFT JOIN atlas.grid g ON g.id = i.grid_id
WHERE (%(code)s::text IS NULL OR i.code = %(code)s) AND (%(grid)s::bigint IS NULL OR i.grid_id = %(grid)s)
ORDER BY i.occurred_at DESC NULLS LAST, i.id DESC
LIMIT %(limit)s;
