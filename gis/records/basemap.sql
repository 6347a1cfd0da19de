-- name: kinds
-- kinds of each basemap table, most frequent first
SELECT relation, kind, count(*) AS records
FROM (
    SELECT 'road' AS relation, kind FROM atlas.road
    UNION ALL SELECT 'water', kind FROM atlas.water
    UNION ALL SELECT 'green', kind FROM atlas.green
) drawn
GROUP BY relation, kind
ORDER BY relation, records DESC, kind;
