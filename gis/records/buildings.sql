-- name: facts
-- one building and the grids in force that cover its point
SELECT b.id, b.code, atlas.shown(b.name) AS name, atlas.shown(b.address) AS address, b.kind, b.households, b.people, b.floors, b.built_on, b.declared_grid,
       ARRAY(SELECT g.code FROM atlas.grid g
             WHERE g.valid_to IS NULL AND g.geom && b.geom AND ST_Covers(g.geom, b.geom)
             ORDER BY g.network_id, g.id) AS grids,
       ST_X(b.geom) AS longitude, ST_Y(b.geom) AS latitude
FROM atlas.building b
WHERE b.code = %(code)s;

-- name: totals
-- sums over all buildings
SELECT count(*) AS buildings, coalesce(sum(households), 0)::bigint AS households,
       coalesce(sum(people), 0)::bigint AS people, count(*) FILTER (WHERE geom IS NULL) AS placeless
FROM atlas.building;

-- name: search
-- buildings with a place whose code, name or address holds a text, as the actor may read these
SELECT f.code, f.name, f.address, f.longitude, f.latitude
FROM (
    SELECT b.code, atlas.shown(b.name) AS name, atlas.shown(b.address) AS address, ST_X(b.geom) AS longitude, ST_Y(b.geom) AS latitude
    FROM atlas.building b WHERE b.geom IS NOT NULL
) AS f
WHERE position(lower(%(text)s) IN lower(concat_ws(' ', f.code, f.address, f.name))) > 0
ORDER BY length(f.address), f.address, f.code LIMIT %(limit)s;
