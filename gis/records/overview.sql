-- name: counts
-- one row: how many records of each kind
SELECT (SELECT count(*) FROM atlas.area) AS areas,
       (SELECT count(*) FROM atlas.network) AS networks,
       (SELECT count(*) FROM atlas.grid WHERE valid_to IS NULL) AS grids,
       (SELECT count(*) FROM atlas.building) AS buildings,
       (SELECT count(*) FROM atlas.incident) AS incidents,
       (SELECT count(*) FROM atlas.road) + (SELECT count(*) FROM atlas.water) + (SELECT count(*) FROM atlas.green)
           AS basemap,
       (SELECT count(*) FROM atlas.excluded) AS excluded,
       (SELECT count(*) FROM atlas.import) AS imports,
       (SELECT count(*) FROM atlas.finding) AS findings,
       (SELECT count(*) FROM atlas.refresh) AS refreshes;
