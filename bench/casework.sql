-- A district of {cases} cases over three years: 100 communities, 1000 grids, one case in twenty still
-- open, with clocks in every state. Runs as atlas_owner, in the database in force.

-- name: places
SELECT setseed(0.42);
INSERT INTO area (code, name, level, geom)
SELECT '31000000' || lpad(i::text, 4, '0'), '第' || i || '社区', 'community', ST_Multi(ST_MakeEnvelope(
    121.30 + 0.02 * (i % 10), 31.10 + 0.02 * (i / 10), 121.32 + 0.02 * (i % 10), 31.12 + 0.02 * (i / 10), 4490))
FROM generate_series(0, 99) AS i;
INSERT INTO network (code, name, kind) VALUES ('bench', 'bench', 'comprehensive');
INSERT INTO grid (network_id, code, name, area_id, geom)
SELECT n.id, a.code || lpad(k::text, 3, '0'), '网格' || k, a.id, ST_Multi(ST_MakeEnvelope(
    ST_XMin(a.geom) + 0.002 * k, ST_YMin(a.geom), ST_XMin(a.geom) + 0.002 * (k + 1), ST_YMax(a.geom), 4490))
FROM network AS n, area AS a, generate_series(0, 9) AS k WHERE n.code = 'bench';
INSERT INTO account (name, display, units) VALUES ('bench-district', '区', '{}'), ('bench-street', '街道', '{}'),
    ('bench-worker', '网格员', '{}'), ('bench-unit', '部门', '{单位7}');
INSERT INTO account_role (account_id, role) SELECT id, CASE name WHEN 'bench-worker' THEN 'worker' WHEN 'bench-unit' THEN 'department'
    ELSE 'supervisor' END FROM account WHERE name LIKE 'bench-%';
INSERT INTO account_scope (account_id, reach) SELECT id, 'office' FROM account WHERE name IN ('bench-district', 'bench-unit');
INSERT INTO account_scope (account_id, reach, area_id)
SELECT c.id, 'area', a.id FROM account AS c, area AS a WHERE c.name = 'bench-street' AND a.code IN (SELECT '31000000' || lpad(i::text, 4, '0') FROM generate_series(40, 49) AS i);
INSERT INTO account_scope (account_id, reach, network_id, grid_code)
SELECT c.id, 'grid', g.network_id, g.code FROM account AS c, grid AS g WHERE c.name = 'bench-worker' AND g.code IN ('310000000044004', '310000000044005');

-- name: cases
-- Most at 20 000 addresses, some of them much troubled; words as orders have them.
INSERT INTO incident (code, kind, category, title, address, channel, state, occurred_at, closed_at, grid_id, geom)
SELECT 'E' || lpad(n::text, 8, '0'), (ARRAY['matter', 'matter', 'matter', 'matter', 'matter', 'matter', 'matter', 'hazard', 'dispute', 'enforcement'])[1 + floor(10 * k)::integer],
    (ARRAY['暴露垃圾', '道路不洁', '乱堆杂物', '店外经营', '占道经营', '道路破损', '非法小广告', '乱停放', '路灯不亮', '井盖破损',
        '噪音扰民', '消防通道堵塞', '电动自行车违规充电', '邻里纠纷', '劳资纠纷', '违规搭建', '积存垃圾渣土', '绿地脏乱', '高空坠物', '其他'])[1 + floor(20 * w * w)::integer],
    '市民反映' || address || (ARRAY['有大量垃圾无人清理', '路面破损影响通行', '夜间施工噪音扰民', '店家占道经营', '电动车在楼道充电', '楼上漏水与邻居争执',
        '拖欠工资', '擅自搭建阳光房', '路灯不亮出行不便', '井盖松动有隐患'])[1 + floor(10 * t)::integer] || ',要求尽快处理并答复',
    address, (ARRAY['hotline', 'hotline', 'hotline', 'patrol', 'patrol', 'public', 'transfer', 'video'])[1 + floor(8 * c)::integer],
    CASE WHEN o < 0.05 THEN (ARRAY['待核实', '立案', '已派', '处置中', '处置中', '处置中', '已反馈', '待结案'])[1 + floor(8 * s)::integer]
        WHEN o < 0.08 THEN '作废' ELSE '结案' END,
    at, CASE WHEN o >= 0.08 THEN at + interval '10 days' * s END,
    g.id, ST_SetSRID(ST_Point(x + 0.0002 * (s - 0.5), y + 0.0002 * (t - 0.5)), 4490)
FROM (
    SELECT n, random() AS k, random() AS w, random() AS t, random() AS c, random() AS s, random() AS o, a.*,
        now() - interval '1095 days' * random() AS at
    FROM generate_series(1, {cases}) AS n
    JOIN (SELECT i, 121.30 + 0.1999 * random() AS x, 31.10 + 0.1999 * random() AS y, '第' || i % 400 || '路' || 1 + i / 400 || '号' AS address
        FROM generate_series(0, 19999) AS i) AS a ON a.i = floor(20000 * ((n::bigint * 7919) % {cases} / {cases}.0) ^ 2)::integer
) AS p
JOIN LATERAL (
    SELECT code FROM area AS a WHERE a.code = '31000000' || lpad((floor((p.x - 121.30) / 0.02) + 10 * floor((p.y - 31.10) / 0.02))::text, 4, '0')
) AS a ON true
JOIN grid AS g ON g.code = a.code || lpad(floor(((p.x - 121.30) - 0.02 * floor((p.x - 121.30) / 0.02)) / 0.002)::integer::text, 3, '0');

-- name: clocks
-- Of the open ones: 15 % late, 10 % near their end, 5 % paused, 10 % without a limit, the rest running. Hazards and disputes have levels, closed ones units.
UPDATE casefile SET suspended = r BETWEEN 0.25 AND 0.3 AND state IN ('filed', 'dispatched', 'handling'),
    due_at = CASE WHEN r < 0.15 THEN now() - interval '1 day' * (1 + 60 * s) WHEN r < 0.25 THEN now() + interval '1 day' * s WHEN r > 0.4 THEN now() + interval '1 day' * (1 + 20 * s) END,
    warn_at = CASE WHEN r < 0.15 THEN now() - interval '1 day' * (2 + 60 * s) WHEN r < 0.25 THEN now() - interval '1 hour' WHEN r > 0.4 THEN now() + interval '12 hours' END,
    stage = CASE WHEN r < 0.25 OR r > 0.4 THEN 'handle' END, 
    units = CASE WHEN state IN ('dispatched', 'handling', 'answered') THEN ARRAY['单位' || floor(40 * s)] ELSE '{}' END,
    handler_id = CASE WHEN s < 0.002 THEN (SELECT id FROM account WHERE name = 'bench-worker') END
FROM (SELECT incident_id AS id, random() AS r, random() AS s FROM casefile) AS x
WHERE x.id = incident_id AND state NOT IN ('closed', 'rejected', 'merged');
UPDATE casefile SET level = 1 + (incident_id % 4)::integer WHERE kind IN ('hazard', 'dispute');
UPDATE casefile SET units = ARRAY['单位' || incident_id % 41] WHERE state = 'closed';
