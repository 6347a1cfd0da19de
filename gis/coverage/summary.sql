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

-- name: newest
-- The newest refresh of a network: (summary, when it finished).
SELECT r.summary, r.finished_at
FROM atlas.refresh AS r
JOIN atlas.network AS n ON n.id = r.network_id
WHERE n.code = %(network)s
ORDER BY r.id DESC
LIMIT 1

-- name: communities
-- Per area: its grids in force, the buildings they hold, and its findings by severity.
SELECT a.code, a.name, a.level,
    coalesce(g.grids, 0) AS grids, coalesce(g.buildings, 0) AS buildings, coalesce(g.households, 0) AS households,
    coalesce(f.block, 0) AS block, coalesce(f.blind, 0) AS blind, coalesce(f.warn, 0) AS warn, coalesce(f.hint, 0) AS hint,
    coalesce(f.unclaimed_area_m2, 0) AS unclaimed_area_m2,
    coalesce(f.blind_buildings, 0) AS blind_buildings, coalesce(f.blind_households, 0) AS blind_households
FROM atlas.area AS a
LEFT JOIN (
    SELECT g.area_id, count(DISTINCT g.id) AS grids, count(b.id) AS buildings, sum(b.households) AS households
    FROM atlas.grid AS g
    JOIN atlas.network AS n ON n.id = g.network_id AND n.code = %(network)s
    LEFT JOIN atlas.assignment AS s ON s.grid_id = g.id
    LEFT JOIN atlas.building AS b ON b.id = s.building_id
    WHERE g.valid_to IS NULL
    GROUP BY g.area_id
) AS g ON g.area_id = a.id
LEFT JOIN (
    SELECT f.area_id,
        count(*) FILTER (WHERE f.severity = 'block') AS block,
        count(*) FILTER (WHERE f.severity = 'blind') AS blind,
        count(*) FILTER (WHERE f.severity = 'warn') AS warn,
        count(*) FILTER (WHERE f.severity = 'hint') AS hint,
        sum(f.area_m2) FILTER (WHERE f.rule = 'unclaimed_land') AS unclaimed_area_m2,
        sum(f.buildings) FILTER (WHERE f.rule IN ('unassigned_building', 'unlocated_record') AND f.severity = 'blind') AS blind_buildings,
        sum(f.households) FILTER (WHERE f.rule IN ('unassigned_building', 'unlocated_record') AND f.severity = 'blind') AS blind_households
    FROM atlas.finding AS f
    JOIN atlas.network AS n ON n.id = f.network_id AND n.code = %(network)s
    GROUP BY f.area_id
) AS f ON f.area_id = a.id
WHERE g.grids IS NOT NULL OR f.area_id IS NOT NULL
ORDER BY f.blind_households DESC NULLS LAST, f.blind DESC NULLS LAST, a.code
