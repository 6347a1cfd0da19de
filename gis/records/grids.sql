-- name: in_force
-- grids in force (of one network) with the area they belong to and their box
SELECT g.id, g.code, g.name, g.kind, n.code AS network, a.name AS area,
       ARRAY[ST_XMin(g.geom), ST_YMin(g.geom), ST_XMax(g.geom), ST_YMax(g.geom)] AS bounds
FROM atlas.grid g
JOIN atlas.network n ON n.id = g.network_id
LEFT JOIN atlas.area a ON a.id = g.area_id
WHERE g.valid_to IS NULL AND (%(network)s::text IS NULL OR n.code = %(network)s)
ORDER BY n.id, g.code;

-- name: facts
-- one grid in force: its measures on the ellipsoid, its buildings by the last refresh, a year of incidents;
-- null where the grid is outside the actor's scope, or he sees no rows
SELECT g.id, g.code, g.name, g.kind, n.code AS network, a.name AS area,
       ST_Area(g.geom::geography) AS area_m2, ST_Perimeter(g.geom::geography) AS perimeter_m,
       CASE WHEN own.mine THEN coalesce(f.households, 0)::bigint END AS households, inside.people,
       CASE WHEN own.mine THEN coalesce(f.buildings, 0)::bigint END AS buildings, happened.incidents,
       g.valid_from, g.version,
       ARRAY[ST_XMin(g.geom), ST_YMin(g.geom), ST_XMax(g.geom), ST_YMax(g.geom)] AS bounds
FROM atlas.grid g
JOIN atlas.network n ON n.id = g.network_id
LEFT JOIN atlas.area a ON a.id = g.area_id
LEFT JOIN atlas.grid_figure f ON f.grid_id = g.id
CROSS JOIN LATERAL (
    SELECT ((SELECT atlas.everywhere()) OR g.id = ANY ((SELECT atlas.scope_area_grids())::bigint[])) AS mine
) own
CROSS JOIN LATERAL (
    SELECT CASE WHEN own.mine AND atlas.sees_rows() THEN coalesce(sum(b.people), 0)::bigint END AS people
    FROM atlas.assignment s
    JOIN atlas.building b ON b.id = s.building_id
    WHERE s.grid_id = g.id
) inside
CROSS JOIN LATERAL (
    SELECT CASE WHEN own.mine AND atlas.sees_rows() THEN count(*) END AS incidents
    FROM atlas.incident i
    WHERE i.geom && g.geom AND ST_Covers(g.geom, i.geom) AND i.occurred_at >= now() - interval '365 days'
) happened
WHERE g.code = %(code)s AND n.code = %(network)s AND g.valid_to IS NULL;

-- name: versions
-- all versions of a grid, newest first
SELECT g.version, g.name, g.valid_from, g.valid_to, ST_Area(g.geom::geography) AS area_m2
FROM atlas.grid g
JOIN atlas.network n ON n.id = g.network_id
WHERE g.code = %(code)s AND n.code = %(network)s
ORDER BY g.version DESC;

-- name: beginning
-- id and first day of a grid in force
SELECT g.id, g.valid_from
FROM atlas.grid g
JOIN atlas.network n ON n.id = g.network_id
WHERE g.code = %(code)s AND n.code = %(network)s AND g.valid_to IS NULL;

-- name: retire!
UPDATE atlas.grid SET valid_to = %(on)s, updated_at = now() WHERE id = %(id)s;

-- name: audit_retirement!
INSERT INTO atlas.audit (action, relation, subject, after, reason)
VALUES ('retire', 'grid', %(code)s, %(after)s, %(reason)s);
