-- A made-up city for the tile benchmark where the demo city is not loaded: 1 000 000
-- buildings in 400 clusters over 0.24 x 0.24 degrees, 10 000 grids, 200 000 incidents,
-- roads. Named blocks, run one by one as atlas_owner.

-- name: seed
SELECT setseed(0.42);

-- name: areas
INSERT INTO area (code, name, level, geom)
SELECT '3100' || lpad(i::text, 5, '0'), '第' || i || '街道', 'street',
    ST_Multi(ST_MakeEnvelope(121.30 + 0.024 * (i % 10), 31.10 + 0.024 * (i / 10), 121.324 + 0.024 * (i % 10), 31.124 + 0.024 * (i / 10), 4490))
FROM generate_series(0, 99) AS i;

-- name: network
INSERT INTO network (code, name, kind) VALUES ('zh', '综合网', 'comprehensive');

-- name: grids
INSERT INTO grid (network_id, code, name, geom)
SELECT n.id, '310000001' || lpad((100 * r + c)::text, 6, '0'), '第' || (100 * r + c) || '网格',
    ST_Multi(ST_MakeEnvelope(121.30 + 0.0024 * c, 31.10 + 0.0024 * r, 121.3024 + 0.0024 * c, 31.1024 + 0.0024 * r, 4490))
FROM network n CROSS JOIN generate_series(0, 99) AS r CROSS JOIN generate_series(0, 99) AS c;

-- name: buildings
INSERT INTO building (code, name, address, kind, households, people, floors, geom, footprint)
SELECT 'B' || i, '楼' || i, '路' || i % 5000 || '号', 'residential', (random() * 60)::integer, (random() * 150)::integer, 6,
    ST_SetSRID(ST_Point(x, y), 4490), ST_Multi(ST_MakeEnvelope(x - 0.00008, y - 0.00005, x + 0.00008, y + 0.00005, 4490))
FROM (
    SELECT i, greatest(121.3001, least(121.5399, c.x + (random() + random() + random() - 1.5) * 0.012)) AS x,
        greatest(31.1001, least(31.3399, c.y + (random() + random() + random() - 1.5) * 0.012)) AS y
    FROM (SELECT k, 121.30 + random() * 0.24 AS x, 31.10 + random() * 0.24 AS y FROM generate_series(0, 399) AS k) AS c
    JOIN generate_series(1, 1000000) AS i ON i % 400 = c.k
    ORDER BY ST_SetSRID(ST_Point(c.x, c.y), 4490)
) AS p;

-- name: incidents
INSERT INTO incident (code, kind, category, title, geom)
SELECT 'E' || i, (ARRAY['matter', 'matter', 'hazard', 'dispute', 'enforcement'])[i % 5 + 1], '06010', '暴露垃圾', b.geom
FROM (SELECT row_number() OVER () AS i, geom FROM building WHERE random() < 0.2) AS b;

-- name: roads
INSERT INTO road (code, name, kind, geom)
SELECT 'R' || i || '-' || k || d, '路' || i, CASE WHEN i % 40 = 0 THEN 'motorway' WHEN i % 10 = 0 THEN 'primary' WHEN i % 5 = 0 THEN 'secondary' ELSE 'residential' END,
    ST_Multi(ST_SetSRID(CASE d WHEN 0 THEN ST_MakeLine(ST_Point(121.30 + 0.0024 * k, 31.10 + 0.0012 * i), ST_Point(121.3024 + 0.0024 * k, 31.10 + 0.0012 * i))
        ELSE ST_MakeLine(ST_Point(121.30 + 0.0012 * i, 31.10 + 0.0024 * k), ST_Point(121.30 + 0.0012 * i, 31.1024 + 0.0024 * k)) END, 4490))
FROM generate_series(0, 200) AS i CROSS JOIN generate_series(0, 99) AS k CROSS JOIN generate_series(0, 1) AS d;

-- name: assignments
INSERT INTO assignment (network_id, building_id, grid_id)
SELECT DISTINCT ON (b.id) g.network_id, b.id, g.id FROM grid g JOIN building b ON b.geom && g.geom AND ST_Covers(g.geom, b.geom)
WHERE b.id % 100 > 0 ORDER BY b.id, g.id;

-- name: findings
INSERT INTO finding (network_id, rule, severity, geom, buildings, households, grid_codes)
SELECT n.id, 'unassigned_building', 'blind', b.geom, 1, b.households, '{}' FROM network n CROSS JOIN building b WHERE b.id % 100 = 0
UNION ALL
SELECT n.id, 'boundary_building', 'warn', b.footprint, 1, b.households, ARRAY['310000001' || lpad((b.id % 10000)::text, 6, '0')]
FROM network n CROSS JOIN building b WHERE b.id % 50 = 1
UNION ALL
SELECT n.id, 'grid_size', 'warn', g.geom, 100, 900, ARRAY[g.code] FROM network n JOIN grid g ON g.network_id = n.id WHERE g.id % 7 = 0;

-- name: refresh
INSERT INTO refresh (network_id, summary, started_at) SELECT id, '{}', now() FROM network;
