-- name: listing
-- areas with their parent's code, ellipsoidal area and box
SELECT a.id, a.code, a.name, a.level, p.code AS parent_code, ST_Area(a.geom::geography) AS area_m2,
       ARRAY[ST_XMin(a.geom), ST_YMin(a.geom), ST_XMax(a.geom), ST_YMax(a.geom)] AS bounds
FROM atlas.area a
LEFT JOIN atlas.area p ON p.id = a.parent_id
WHERE %(level)s::text IS NULL OR a.level = %(level)s
ORDER BY array_position(ARRAY['district', 'street', 'community'], a.level), a.code;

-- name: lowest
-- the lowest level that has an area
SELECT level FROM atlas.area
ORDER BY array_position(ARRAY['district', 'street', 'community'], level) DESC
LIMIT 1;

-- name: extent
-- box of what there is: areas, else grids in force, else buildings
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (
    SELECT coalesce(
        (SELECT ST_Extent(geom) FROM atlas.area),
        (SELECT ST_Extent(geom) FROM atlas.grid WHERE valid_to IS NULL),
        (SELECT ST_Extent(geom) FROM atlas.building)
    ) AS box
) boxes
WHERE box IS NOT NULL;
