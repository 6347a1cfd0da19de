-- Live cases of the demo street: where they lie, and set back in time.

-- name: ready
-- whether the demo accounts are there and no live case is
SELECT count(*) = array_length(%(people)s::text[], 1)
    AND NOT EXISTS (SELECT FROM atlas.case_event e WHERE e.actor = ANY (%(people)s))
FROM atlas.account WHERE name = ANY (%(people)s);

-- name: places
-- buildings in the comprehensive network: longitude, latitude, whether the demo worker's grids hold them
SELECT ST_X(b.geom), ST_Y(b.geom), g.network_id || '/' || g.code IN (
    SELECT s.network_id || '/' || s.grid_code FROM atlas.account a JOIN atlas.account_scope s ON s.account_id = a.id WHERE a.name = %(worker)s)
FROM atlas.building b
JOIN atlas.assignment x ON x.building_id = b.id
JOIN atlas.grid g ON g.id = x.grid_id
JOIN atlas.network n ON n.id = x.network_id AND n.code = 'comprehensive'
WHERE b.geom IS NOT NULL
ORDER BY b.id;

-- name: set_back!
-- a case that was just reported as if it had been then
WITH told AS (
    UPDATE atlas.case_event SET at = %(at)s, created_at = %(at)s WHERE incident_id = %(id)s
)
UPDATE atlas.incident SET occurred_at = %(at)s, created_at = %(at)s WHERE id = %(id)s;

-- name: restart!
-- clocks that began when the demo was made: they start anew as the events say, which were written when they say
WITH gone AS (
    DELETE FROM atlas.case_clock WHERE incident_id = ANY (%(ids)s)
)
UPDATE atlas.case_event SET created_at = at WHERE incident_id = ANY (%(ids)s);

-- name: unit
-- the unit the demo department works for
SELECT units[1] FROM atlas.account WHERE name = %(name)s;
