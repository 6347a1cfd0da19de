-- name: add!
-- a network, unless its code is there already
INSERT INTO atlas.network (code, name, kind, households_min, households_max, border_distance_m, sliver_width_m)
VALUES (%(code)s, %(name)s, %(kind)s, %(households_min)s, %(households_max)s, %(border_distance_m)s,
        %(sliver_width_m)s)
ON CONFLICT (code) DO NOTHING;

-- name: listing
-- networks in the order they came in, with their grids in force
SELECT n.id, n.code, n.name, n.kind, n.households_min, n.households_max, n.border_distance_m, n.sliver_width_m,
       (SELECT count(*) FROM atlas.grid g WHERE g.network_id = n.id AND g.valid_to IS NULL) AS grids
FROM atlas.network n
WHERE %(code)s::text IS NULL OR n.code = %(code)s
ORDER BY n.id;
