-- name: open!
-- gives a case its row of hazard, with the building it lies in
INSERT INTO atlas.hazard (incident_id, building_id) VALUES (%(incident)s, %(building)s) ON CONFLICT (incident_id) DO NOTHING;

-- name: stand
-- how a hazard stands: what its rules ask
SELECT h.duty, h.deadline, h.means, h.funds, h.funding, h.plan, h.measured_at IS NOT NULL AS settled, h.interim, h.listed_on, h.extended_to, h.checked_by
FROM atlas.hazard h WHERE h.incident_id = %(incident)s;

-- name: settle!
-- keeps what is given of demand, radius and interim measure
UPDATE atlas.hazard SET demand = coalesce(%(demand)s, demand), radius_m = coalesce(%(radius_m)s, radius_m),
    interim = coalesce(%(interim)s, interim), interim_at = CASE WHEN %(interim)s::text IS NULL THEN interim_at ELSE %(at)s END, updated_at = now()
WHERE incident_id = %(incident)s;

-- name: measures!
-- keeps the five things settled
UPDATE atlas.hazard SET duty = %(duty)s, deadline = %(deadline)s, means = %(means)s, funds = %(funds)s, funding = %(funding)s, plan = %(plan)s,
    radius_m = coalesce(%(radius_m)s, radius_m), measured_at = %(at)s,
    listed_on = CASE WHEN %(listed)s THEN coalesce(listed_on, (%(at)s AT TIME ZONE 'Asia/Shanghai')::date) ELSE listed_on END, updated_at = now()
WHERE incident_id = %(incident)s;

-- name: extend!
-- keeps the day an extension was granted to
UPDATE atlas.hazard SET extended_to = coalesce(%(until)s::date, extended_to), updated_at = now() WHERE incident_id = %(incident)s;

-- name: checked!
-- keeps who found it removed, or takes that back
UPDATE atlas.hazard SET checked_by = %(by)s, checked_at = %(at)s, apart_m = %(apart)s, updated_at = now() WHERE incident_id = %(incident)s;

-- name: handlers
-- accounts that handled the case since it was last taken up anew
SELECT DISTINCT e.actor FROM atlas.case_event e
WHERE e.incident_id = %(incident)s AND (e.act IN ('begin', 'answer') OR e.act = 'report' AND e.data ->> 'self' = 'true')
    AND e.seq > coalesce((SELECT max(r.seq) FROM atlas.case_event r WHERE r.incident_id = %(incident)s AND r.act = 'reopen'), 0);

-- name: pair
-- pictures of a case: how many before, how many after its last rework, how many of these have a place, pairs of two different ones in the right order, and the least distance in metres of such a pair
WITH since AS (
    SELECT coalesce(max(e.id), 0) AS id, coalesce(max(e.at), '-infinity') AS at FROM atlas.case_event e
    WHERE e.incident_id = %(incident)s AND (e.act = 'reopen' OR e.act = 'check' AND e.data ->> 'result' = 'fail')
), shot AS (
    SELECT p.role, p.sha256, coalesce(p.taken_at, e.at, p.created_at) AS at,
        coalesce(p.geom, e.geom, CASE WHEN p.role = 'after' THEN NULL ELSE i.geom END) AS geom,
        p.role = 'after' AND coalesce(p.event_id > s.id, p.created_at > s.at) AS late
    FROM atlas.photo p JOIN atlas.incident i ON i.id = p.incident_id CROSS JOIN since s LEFT JOIN atlas.case_event e ON e.id = p.event_id
    WHERE p.incident_id = %(incident)s AND p.role <> 'document' AND p.media <> 'application/pdf'
    UNION ALL
    -- What came with a file has no picture from before: its place and time stand for one.
    SELECT 'before', '', e.at, i.geom, false FROM atlas.case_event e JOIN atlas.incident i ON i.id = e.incident_id
    WHERE e.incident_id = %(incident)s AND e.seq = 1 AND e.act = 'import' AND i.geom IS NOT NULL
        AND NOT EXISTS (SELECT FROM atlas.photo p WHERE p.incident_id = e.incident_id AND p.role NOT IN ('after', 'document'))
)
SELECT (SELECT count(*) FROM shot WHERE role <> 'after'), (SELECT count(*) FROM shot WHERE late), (SELECT count(*) FROM shot WHERE late AND geom IS NOT NULL),
    count(*), min(ST_Distance(b.geom::geography, a.geom::geography))
FROM shot b JOIN shot a ON a.late AND b.role <> 'after' AND a.sha256 <> b.sha256 AND a.at > b.at AND a.geom IS NOT NULL AND b.geom IS NOT NULL;

-- name: detail
-- a hazard as its page shows it
SELECT h.radius_m, atlas.shown(h.demand) AS demand, atlas.shown(h.duty) AS duty, h.deadline, atlas.shown(h.means) AS means, h.funds,
    atlas.shown(h.funding) AS funding, atlas.shown(h.plan) AS plan, h.measured_at, atlas.shown(h.interim) AS interim, h.interim_at, h.listed_on,
    h.extended_to, h.checked_by, h.checked_at, h.apart_m, b.code AS building, r.code AS relapse
FROM atlas.hazard h LEFT JOIN atlas.building b ON b.id = h.building_id LEFT JOIN LATERAL (
    SELECT i.code FROM atlas.case_link l JOIN atlas.incident i ON i.id = l.other_id WHERE l.incident_id = h.incident_id AND l.relation = 'relapse' ORDER BY l.created_at DESC LIMIT 1
) AS r ON true
WHERE h.incident_id = %(incident)s;
