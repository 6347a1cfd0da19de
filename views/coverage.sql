-- name: entry_of
-- Number of the entry of the ledger a finding stands in.
SELECT id FROM atlas.ledger WHERE finding_id = %(finding)s;

-- name: versions
-- Number of each table that grows with every change of it, and of the day: rights end with it.
SELECT relation, version FROM atlas.layer_version
UNION ALL SELECT 'day', atlas.today() - date '2000-01-01';

-- name: bounds
-- Box of one area in degrees: west, south, east, north.
SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM atlas.area WHERE code = %(area)s;
