-- A small made-up street for the tile tests: 12 x 12 grids of 0.002 degrees in one
-- network (two grids belong to another), 600 buildings, 200 incidents, 12 live whistles and a rated one, a river, a park,
-- roads, an excluded lake, assignments and a few findings, one of them of no network. Runs as atlas_owner.
INSERT INTO area (code, name, level, geom) VALUES
    ('310000', '示例区', 'district', ST_Multi(ST_MakeEnvelope(121.39, 31.19, 121.45, 31.25, 4490))),
    ('310000001', '滨河街道', 'street', ST_Multi(ST_MakeEnvelope(121.40, 31.20, 121.424, 31.224, 4490)));
INSERT INTO area (code, name, level, geom)
SELECT '310000001' || lpad((i + 1)::text, 3, '0'), (ARRAY['桥东社区', '桥西社区', '河湾社区', '柳园社区'])[i + 1], 'community',
    ST_Multi(ST_MakeEnvelope(121.40 + 0.012 * (i % 2), 31.20 + 0.012 * (i / 2), 121.412 + 0.012 * (i % 2), 31.212 + 0.012 * (i / 2), 4490))
FROM generate_series(0, 3) AS i;
INSERT INTO network (code, name, kind) VALUES ('zh', '综合网', 'comprehensive'), ('jw', '警务网', 'police');
INSERT INTO grid (network_id, code, name, kind, geom)
SELECT n.id, '310000001001' || lpad((12 * r + c)::text, 3, '0'), '第' || (12 * r + c) || '网格', 'general',
    ST_Multi(ST_MakeEnvelope(121.40 + 0.002 * c, 31.20 + 0.002 * r, 121.402 + 0.002 * c, 31.202 + 0.002 * r, 4490))
FROM network n CROSS JOIN generate_series(0, 11) AS r CROSS JOIN generate_series(0, 11) AS c
WHERE n.code = 'zh' AND (r, c) <> (6, 6);
INSERT INTO grid (network_id, code, name, kind, geom)
SELECT n.id, 'J' || i, '警格' || i, 'unit',
    ST_Multi(ST_MakeEnvelope(121.40 + 0.012 * i, 31.20, 121.412 + 0.012 * i, 31.224, 4490))
FROM network n CROSS JOIN generate_series(0, 1) AS i WHERE n.code = 'jw';
UPDATE grid g SET area_id = a.id FROM area a WHERE a.level = 'community' AND ST_Covers(a.geom, ST_PointOnSurface(g.geom));
INSERT INTO building (code, name, address, kind, households, geom, footprint)
SELECT 'B' || i, '楼' || i, '滨河路' || i || '号', 'residential', i % 60,
    ST_SetSRID(ST_Point(x, y), 4490),
    CASE WHEN i % 3 > 0 THEN ST_Multi(ST_MakeEnvelope(x - 0.00012, y - 0.00008, x + 0.00012, y + 0.00008, 4490)) END
FROM (SELECT i, 121.40 + 0.024 * ((i * 7919) % 1000) / 1000.0 AS x, 31.20 + 0.024 * ((i * 104729) % 997) / 997.0 AS y
    FROM generate_series(1, 600) AS i) AS p;
INSERT INTO building (code, name, households) VALUES ('B-none', '无坐标楼', 12);
INSERT INTO incident (code, kind, category, title, occurred_at, geom)
SELECT 'E' || i, (ARRAY['matter', 'matter', 'hazard', 'dispute', 'enforcement'])[i % 5 + 1], '06010', '暴露垃圾' || i,
    timestamptz '2026-01-01' + i * interval '1 day',
    ST_SetSRID(ST_Point(121.40 + 0.024 * ((i * 6007) % 1000) / 1000.0, 31.20 + 0.024 * ((i * 7001) % 997) / 997.0), 4490)
FROM generate_series(1, 200) AS i;
UPDATE incident SET closed_at = occurred_at + interval '2 days' WHERE id % 4 = 0;
UPDATE casefile SET due_at = now() + interval '1 day' * (incident_id % 7 - 3), warn_at = now() - interval '1 hour', level = incident_id % 4 + 1
WHERE state <> 'closed' AND incident_id % 3 > 0;
INSERT INTO whistle (kind, occasion, state, title, effort, units, wanted_at, geom)
SELECT 'street', 'enforcement', (ARRAY['called', 'arrived', 'drafted'])[i % 3 + 1], '占道经营' || i, '已劝离两次', ARRAY['城管所'],
    now() + interval '1 hour' * (i - 5), ST_SetSRID(ST_Point(121.40 + 0.024 * ((i * 611) % 100) / 100.0, 31.20 + 0.024 * ((i * 709) % 97) / 97.0), 4490)
FROM generate_series(1, 12) AS i;
INSERT INTO whistle (kind, occasion, state, title, effort, units, geom)
VALUES ('street', 'problem', 'rated', '已评', '自行处置', ARRAY['城管所'], ST_SetSRID(ST_Point(121.412, 31.212), 4490));
INSERT INTO assignment (network_id, building_id, grid_id)
SELECT g.network_id, b.id, min(g.id) FROM grid g JOIN building b ON ST_Covers(g.geom, b.geom) GROUP BY 1, 2;
INSERT INTO water (code, name, kind, geom)
VALUES ('W1', '沙河', 'river', ST_Multi(ST_MakeEnvelope(121.395, 31.2105, 121.43, 31.2118, 4490)));
INSERT INTO green (code, name, kind, geom)
VALUES ('P1', '中心公园', 'park', ST_Multi(ST_MakeEnvelope(121.4125, 31.2122, 121.4160, 31.2150, 4490)));
INSERT INTO excluded (code, name, reason, geom)
VALUES ('X1', '镜湖', '水面', ST_Multi(ST_MakeEnvelope(121.4165, 31.2165, 121.4195, 31.2190, 4490)));
INSERT INTO road (code, name, kind, geom)
SELECT 'R' || k || i, '路' || i, k, ST_Multi(ST_SetSRID(ST_MakeLine(ST_Point(121.395, 31.20 + 0.004 * i), ST_Point(121.43, 31.20 + 0.004 * i)), 4490))
FROM generate_series(0, 6) AS i CROSS JOIN LATERAL (SELECT (ARRAY['primary', 'residential', 'secondary', 'residential', 'path', 'tertiary', 'motorway'])[i + 1] AS k) AS c;
INSERT INTO finding (network_id, rule, severity, geom, area_m2, buildings, households, grid_codes)
SELECT n.id, 'unclaimed_land', 'blind', ST_MakeEnvelope(121.412, 31.212, 121.414, 31.214, 4490), 42000, 3, 61,
    ARRAY['310000001001079', '310000001001077']
FROM network n WHERE code = 'zh'
UNION ALL
SELECT n.id, 'contested_land', 'block', ST_MakeEnvelope(121.4035, 31.2035, 121.4062, 31.2062, 4490), 90000, 2, 40,
    ARRAY['310000001001014', '310000001001015']
FROM network n WHERE code = 'zh'
UNION ALL
SELECT n.id, 'grid_size', 'warn', g.geom, 40000, 9, 900, ARRAY[g.code]
FROM network n JOIN grid g ON g.network_id = n.id AND g.code = '310000001001100' WHERE n.code = 'zh'
UNION ALL
SELECT n.id, 'unassigned_building', 'blind', b.geom, 0, 1, b.households, '{}'
FROM network n CROSS JOIN building b
WHERE n.code = 'zh' AND b.geom IS NOT NULL AND NOT EXISTS (SELECT FROM assignment a WHERE a.building_id = b.id AND a.network_id = n.id);
INSERT INTO finding (rule, severity, geom, buildings, households)
VALUES ('unlocated_record', 'warn', ST_SetSRID(ST_Point(121.4061, 31.2073), 4490), 5, 80);
INSERT INTO refresh (network_id, summary, started_at) SELECT id, '{}', now() FROM network WHERE code = 'zh';
