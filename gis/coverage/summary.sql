-- name: figures
-- Counts of what was judged: one row.
SELECT
    (SELECT count(*) FROM cov_area) AS areas,
    (SELECT count(*) FROM cov_grid) AS grids,
    (SELECT count(*) FROM cov_building) AS buildings,
    (SELECT coalesce(sum(households), 0) FROM cov_building) AS households,
    (SELECT count(*) FROM cov_building) - (SELECT count(*) FROM cov_loose)
        - (SELECT count(*) FROM cov_building
           WHERE geom IS NULL OR geom && ST_MakeEnvelope(-1e-6, -1e-6, 1e-6, 1e-6, 4490)) AS assigned_buildings,
    (SELECT count(*) FROM cov_incident) AS incidents,
    (SELECT coalesce(sum(area_m2(geom)), 0) FROM cov_area) AS area_m2

-- name: households_of
-- Households of the buildings with these ids.
SELECT coalesce(sum(households), 0) FROM cov_building WHERE id = ANY (%(ids)s)

-- name: uncovered
-- Buildings in an open blind finding, each counted once, their households, and how many findings stand under an exception.
SELECT count(*), coalesce(sum(b.households), 0), (SELECT count(*) FROM atlas.finding AS f WHERE f.network_id = %(network)s AND f.accepted)
FROM atlas.building AS b
WHERE b.id IN (
    SELECT x.building_id FROM atlas.finding_building AS x JOIN atlas.finding AS f ON f.id = x.finding_id
    WHERE f.network_id = %(network)s AND f.severity = 'blind' AND NOT f.accepted
)

-- name: newest
-- The newest refresh of a network: (summary, when it finished).
SELECT r.summary, r.finished_at
FROM atlas.refresh AS r
JOIN atlas.network AS n ON n.id = r.network_id
WHERE n.code = %(network)s
ORDER BY r.id DESC
LIMIT 1

-- name: live
-- What changed since that refresh, a local one too: (day of the headline, findings by rule and severity, those under an
-- exception, buildings in grids, land without a grid, grids). Office-wide.
SELECT
    (SELECT to_jsonb(c) FROM atlas.covered(n.id, false) AS c WHERE c.area_id IS NULL),
    (SELECT coalesce(jsonb_agg(f), '[]') FROM (
        SELECT f.rule, f.severity, count(*) AS n, count(*) FILTER (WHERE f.accepted) AS accepted,
            coalesce(sum(f.area_m2) FILTER (WHERE f.rule = 'unclaimed_land'), 0) AS unclaimed_m2
        FROM atlas.finding AS f WHERE f.network_id = n.id GROUP BY f.rule, f.severity
    ) AS f),
    (SELECT coalesce(sum(v.buildings), 0)::bigint FROM atlas.grid AS g JOIN atlas.grid_figure AS v ON v.grid_id = g.id
     WHERE g.network_id = n.id AND g.valid_to IS NULL),
    (SELECT count(*) FROM atlas.grid AS g WHERE g.network_id = n.id AND g.valid_to IS NULL)
FROM atlas.network AS n WHERE n.code = %(network)s

-- name: communities
-- Per area: its grids in force and what they hold, the buildings that lie in it and those in an open blind finding, each
-- counted once, and its open findings by severity.
SELECT a.code, a.name, a.level,
    coalesce(g.grids, 0) AS grids, coalesce(g.buildings, 0) AS buildings, coalesce(g.households, 0) AS households,
    coalesce(f.block, 0) AS block, coalesce(f.blind, 0) AS blind, coalesce(f.warn, 0) AS warn, coalesce(f.hint, 0) AS hint,
    coalesce(f.unclaimed_area_m2, 0) AS unclaimed_area_m2,
    coalesce(c.buildings, 0) AS all_buildings, coalesce(c.households, 0) AS all_households,
    coalesce(c.blind_buildings, 0) AS blind_buildings, coalesce(c.blind_households, 0) AS blind_households
FROM atlas.area AS a
LEFT JOIN (
    SELECT g.area_id, count(*) AS grids, sum(c.buildings) AS buildings, sum(c.households) AS households
    FROM atlas.grid AS g
    JOIN atlas.network AS n ON n.id = g.network_id AND n.code = %(network)s
    LEFT JOIN atlas.grid_figure AS c ON c.grid_id = g.id
    WHERE g.valid_to IS NULL
        AND ((SELECT atlas.everywhere()) OR g.id = ANY ((SELECT atlas.scope_area_grids())::bigint[]))
    GROUP BY g.area_id
) AS g ON g.area_id = a.id
LEFT JOIN (
    SELECT f.area_id,
        count(*) FILTER (WHERE f.severity = 'block') AS block,
        count(*) FILTER (WHERE f.severity = 'blind') AS blind,
        count(*) FILTER (WHERE f.severity = 'warn') AS warn,
        count(*) FILTER (WHERE f.severity = 'hint') AS hint,
        sum(f.area_m2) FILTER (WHERE f.rule = 'unclaimed_land') AS unclaimed_area_m2
    FROM atlas.finding AS f
    JOIN atlas.network AS n ON n.id = f.network_id AND n.code = %(network)s
    WHERE NOT f.accepted
    GROUP BY f.area_id
) AS f ON f.area_id = a.id
LEFT JOIN (
    SELECT c.* FROM atlas.network AS n CROSS JOIN LATERAL atlas.covered(n.id, false) AS c WHERE n.code = %(network)s
) AS c ON c.area_id = a.id
WHERE g.grids IS NOT NULL OR f.area_id IS NOT NULL OR c.buildings > 0
ORDER BY c.blind_households DESC NULLS LAST, f.blind DESC NULLS LAST, a.code

-- name: own
-- The same figures for whoever may not read the office's: of the grids, areas and findings of
-- his scope. No row before the first refresh.
WITH net AS (
    SELECT n.id, atlas.refreshed_at(n.id) AS at FROM atlas.network AS n WHERE n.code = %(network)s
), scope AS MATERIALIZED (
    SELECT atlas.everywhere() AS wide, atlas.scope_areas() AS areas, atlas.scope_area_grids() AS grids
), mine AS (
    SELECT g.id, g.geom, g.area_id, coalesce(c.buildings, 0) AS buildings
    FROM net
    JOIN atlas.grid AS g ON g.network_id = net.id AND g.valid_to IS NULL
    CROSS JOIN scope
    LEFT JOIN atlas.grid_figure AS c ON c.grid_id = g.id
    WHERE scope.wide OR g.id = ANY (scope.grids)
), land AS (
    SELECT a.id, a.geom FROM atlas.area AS a CROSS JOIN scope
    WHERE a.level = (SELECT level FROM atlas.area ORDER BY array_position(ARRAY['community', 'street', 'district'], level) LIMIT 1)
        AND (scope.wide OR a.id = ANY (scope.areas))
), house AS (
    SELECT coalesce(sum(c.buildings), 0)::bigint AS buildings, coalesce(sum(c.households), 0)::bigint AS households,
        coalesce(sum(c.blind_buildings), 0)::bigint AS blind_buildings, coalesce(sum(c.blind_households), 0)::bigint AS blind_households
    FROM net CROSS JOIN scope CROSS JOIN LATERAL atlas.covered(net.id, NOT scope.wide) AS c
    WHERE CASE WHEN scope.wide THEN c.area_id IS NULL
        ELSE c.grid_code IS NULL OR c.area_id IS NULL OR c.area_id <> ALL (scope.areas) END
), found AS (
    SELECT coalesce(sum(f.area_m2) FILTER (WHERE f.rule = 'unclaimed_land'), 0) AS unclaimed
    FROM net JOIN atlas.finding AS f ON f.network_id = net.id
)
SELECT (SELECT count(*) FROM land), (SELECT count(*) FROM mine), (SELECT coalesce(sum(buildings), 0) FROM mine)::bigint,
    house.buildings, house.households, house.blind_buildings, house.blind_households, found.unclaimed,
    (SELECT coalesce(sum(atlas.area_m2(geom)), 0) FROM land)
        + (SELECT coalesce(sum(atlas.area_m2(m.geom)), 0) FROM mine AS m WHERE NOT EXISTS (SELECT FROM land AS l WHERE l.id = m.area_id)),
    net.at
FROM net CROSS JOIN found CROSS JOIN house
WHERE net.at IS NOT NULL
