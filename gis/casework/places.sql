-- name: building
-- id of the building an incident lies in: its footprint covers the point, else the nearest within a few metres; no row without
SELECT b.id FROM atlas.incident i CROSS JOIN LATERAL (
    SELECT b.id, b.footprint IS NOT NULL AND ST_Covers(b.footprint, i.geom) AS inside, b.geom <-> i.geom AS far
    FROM atlas.building b
    WHERE b.geom && ST_Expand(i.geom, 0.002)
        AND (b.footprint IS NOT NULL AND ST_Covers(b.footprint, i.geom) OR ST_DWithin(b.geom::geography, i.geom::geography, %(metres)s))
    ORDER BY inside DESC, far, b.id LIMIT 1
) AS b
WHERE i.id = %(incident)s AND i.geom IS NOT NULL;

-- name: relapses
-- links hazards and disputes to the closed case each is a relapse of: same kind and category, same building or within some metres, not long ago; id and earlier id
WITH new AS (
    SELECT i.id, i.kind, i.category, i.geom, (coalesce(i.occurred_at, i.created_at) AT TIME ZONE 'Asia/Shanghai')::date AS day,
        coalesce(h.building_id, d.building_id) AS building_id
    FROM atlas.incident i LEFT JOIN atlas.hazard h ON h.incident_id = i.id LEFT JOIN atlas.dispute d ON d.incident_id = i.id
    WHERE i.id = ANY (%(incidents)s) AND i.kind IN ('hazard', 'dispute') AND i.category <> '' AND i.geom IS NOT NULL
), earlier AS (
    SELECT n.id, o.id AS other_id FROM new n CROSS JOIN LATERAL (
        SELECT i.id FROM (
            SELECT e.id FROM atlas.incident e
            WHERE e.geom && ST_Expand(n.geom, %(metres)s / (110000 * cos(radians(ST_Y(n.geom)))), %(metres)s / 110000.0)
                AND ST_DWithin(e.geom::geography, n.geom::geography, %(metres)s)
            UNION SELECT h.incident_id FROM atlas.hazard h WHERE h.building_id = n.building_id
            UNION SELECT d.incident_id FROM atlas.dispute d WHERE d.building_id = n.building_id
        ) AS near JOIN atlas.incident i ON i.id = near.id JOIN atlas.casefile c ON c.incident_id = i.id
        WHERE i.kind = n.kind AND i.category = n.category AND i.id <> n.id AND c.state = 'closed'
            AND (i.closed_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN n.day - %(days)s::integer AND n.day
        ORDER BY i.closed_at DESC, i.id LIMIT 1
    ) AS o
), linked AS (
    INSERT INTO atlas.case_link (incident_id, other_id, relation)
    SELECT id, other_id, 'relapse' FROM earlier
    ON CONFLICT (incident_id, other_id) DO NOTHING
)
SELECT id, other_id FROM earlier;

-- name: arrived
-- hazards and disputes of an import
SELECT id FROM atlas.incident WHERE source_id = %(import)s AND kind IN ('hazard', 'dispute') ORDER BY id;
