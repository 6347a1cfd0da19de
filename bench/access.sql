-- A city of {buildings} random buildings in 400 communities and 6400 grids; runs as atlas_owner.
INSERT INTO area (code, name, level, geom)
SELECT 'A' || i, '社区' || i, 'community', ST_Multi(ST_MakeEnvelope(
    118 + 0.02 * (i % 20), 32 + 0.02 * (i / 20), 118.02 + 0.02 * (i % 20), 32.02 + 0.02 * (i / 20), 4490))
FROM generate_series(0, 399) AS i;
INSERT INTO network (code, name, kind) VALUES ('bench', 'bench', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom)
SELECT n.id, 'G' || i, '网格' || i, 1 + (i % 80) / 4 + 20 * ((i / 80) / 4),
    ST_Multi(ST_MakeEnvelope(118 + 0.005 * (i % 80), 32 + 0.005 * (i / 80), 118.005 + 0.005 * (i % 80), 32.005 + 0.005 * (i / 80), 4490))
FROM network n, generate_series(0, 6399) AS i WHERE n.code = 'bench';
INSERT INTO building (code, name, address, households, geom, area_id)
SELECT 'B' || i, '楼' || i, '路' || i % 900 || '号', (i % 40)::integer, ST_SetSRID(ST_Point(118 + x, 32 + y), 4490), 1 + floor(x / 0.02)::integer + 20 * floor(y / 0.02)::integer
FROM (SELECT i, 0.3999 * random() AS x, 0.3999 * random() AS y FROM generate_series(1, {buildings}) AS i) AS p;
INSERT INTO assignment (network_id, building_id, grid_id)
SELECT g.network_id, b.id, g.id FROM building b JOIN grid g ON g.network_id = (SELECT id FROM network WHERE code = 'bench')
    AND g.code = 'G' || floor((ST_X(b.geom) - 118) / 0.005)::integer + 80 * floor((ST_Y(b.geom) - 32) / 0.005)::integer;
INSERT INTO finding (network_id, rule, severity, geom, area_id, buildings, households, building_codes, grid_codes)
SELECT n.id, 'boundary_building', (ARRAY['blind', 'warn', 'hint'])[b.id % 3 + 1], b.geom, b.area_id, 1, b.households, ARRAY[b.code], ARRAY['G' || b.id % 6400]
FROM building b, network n WHERE n.code = 'bench' AND b.id % 40 = 0;
INSERT INTO refresh (network_id, summary, started_at) SELECT id, '{}', now() FROM network WHERE code = 'bench';
