-- New business districts nobody took on: office towers, markets, malls and industrial parks in grids that
-- are not dedicated (专属网格). Buildings of one kind in one community no farther apart than venue_gap_m are
-- one venue; it counts from venue_buildings_min buildings, an office tower from venue_floors_min floors, a
-- market always; a commercial building only from venue_mall_m2 of floors (footprint times floors) or
-- venue_floors_min floors: a row of shops is no mall. Only networks that have dedicated grids by their nature are judged (venue_judged).
WITH stock AS MATERIALIZED (
    SELECT h.area_id, b.id, b.code, b.kind, b.households, b.floors, b.geom, g.code AS grid_code, g.kind = 'dedicated' AS dedicated
    FROM (SELECT building_id, min(grid_id) AS grid_id FROM cov_assignment GROUP BY building_id) AS a
    JOIN cov_building AS b ON b.id = a.building_id
    JOIN cov_grid AS g ON g.id = a.grid_id
    JOIN cov_home AS h ON h.grid_id = g.id
    WHERE b.kind IN ('office', 'commercial', 'market', 'industrial') AND b.demolished_on IS NULL
      AND (b.kind <> 'commercial' OR b.floors >= (SELECT value FROM cov_param WHERE key = 'venue_floors_min')
        OR area_m2(b.footprint) * coalesce(b.floors, 1) >= (SELECT value FROM cov_param WHERE key = 'venue_mall_m2'))
      AND (SELECT value FROM cov_param WHERE key = 'venue_judged') > 0
),
corner AS (
    SELECT area_id, min(ST_X(geom)) AS lon FROM stock GROUP BY area_id
),
clump AS MATERIALIZED (
    SELECT s.*, ST_ClusterDBSCAN(metric(s.geom, c.lon), (SELECT value FROM cov_param WHERE key = 'venue_gap_m'), 1)
        OVER (PARTITION BY s.area_id, s.kind ORDER BY s.id) AS number
    FROM stock AS s
    JOIN corner AS c ON c.area_id IS NOT DISTINCT FROM s.area_id
),
venue AS (
    SELECT area_id, kind, number, count(*) AS size, max(floors) AS floors,
        count(*) FILTER (WHERE NOT dedicated) AS buildings, coalesce(sum(households) FILTER (WHERE NOT dedicated), 0) AS households,
        array_agg(id ORDER BY id) FILTER (WHERE NOT dedicated) AS ids, array_agg(DISTINCT grid_code) FILTER (WHERE NOT dedicated) AS codes,
        ST_Collect(geom ORDER BY id) FILTER (WHERE NOT dedicated) AS points, min(ST_X(geom)) AS lon
    FROM clump
    GROUP BY area_id, kind, number
    HAVING bool_or(NOT dedicated)
        AND (count(*) >= (SELECT value FROM cov_param WHERE key = 'venue_buildings_min') OR kind IN ('market', 'commercial')
            OR kind = 'office' AND max(floors) >= (SELECT value FROM cov_param WHERE key = 'venue_floors_min'))
)
SELECT
    'warn' AS severity,
    v.points AS geom,
    jsonb_strip_nulls(jsonb_build_object('area_m2', 0, 'buildings', v.buildings, 'households', v.households, 'size', v.size, 'floors', v.floors)) AS measure,
    jsonb_build_object('kind', v.kind) AS subjects,
    v.codes AS grid_codes,
    v.ids AS building_ids,
    v.area_id,
    '[{"action": "dedicate"}]'::jsonb AS remedies
FROM venue AS v
