-- name: carried
-- disputes of a span of days: those reported in it, those carried over into it and those that broke out again, each under its one id; state as at its end, the rest as it is now
WITH span AS (
    SELECT (%(since)s::date)::timestamp AT TIME ZONE 'Asia/Shanghai' AS since, (%(until)s::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS below
), story AS (
    -- A file says at once that a dispute was closed later on: until that day it was not.
    SELECT c.incident_id, min(e.at) AS reported_at,
        (array_agg(CASE WHEN e.act = 'import' AND e.state = 'closed' AND c.closed_at >= s.below THEN 'handling' ELSE e.state END ORDER BY e.seq DESC))[1] AS state,
        bool_or(e.at >= s.since AND e.act = 'reopen') AS again,
        (array_agg(CASE WHEN e.act = 'import' AND e.state = 'closed' AND c.closed_at >= s.since THEN 'handling' ELSE e.state END ORDER BY e.seq DESC)
            FILTER (WHERE e.at < s.since))[1] AS before,
        count(*) FILTER (WHERE e.at >= s.since AND e.act = 'mediate') AS mediations,
        count(*) FILTER (WHERE e.at >= s.since AND e.act = 'revisit') AS visits
    FROM atlas.casefile c CROSS JOIN span s JOIN atlas.case_event e ON e.incident_id = c.incident_id AND e.at < s.below
    WHERE c.kind = 'dispute' AND coalesce(c.closed_at, 'infinity') >= s.since
    GROUP BY c.incident_id, s.since, s.below
)
SELECT i.id, i.code, i.category, atlas.shown(i.title) AS title, a.code AS area, a.name AS area_name, g.code AS grid, c.level,
    (t.reported_at AT TIME ZONE 'Asia/Shanghai')::date AS reported_on, t.before IS NULL AS new, t.again, t.state, t.mediations::integer AS mediations,
    t.visits::integer AS visits, d.people, d.outcome, d.relapses
FROM story t JOIN atlas.incident i ON i.id = t.incident_id JOIN atlas.casefile c ON c.incident_id = i.id
LEFT JOIN atlas.dispute d ON d.incident_id = i.id LEFT JOIN atlas.area a ON a.id = i.area_id LEFT JOIN atlas.grid g ON g.id = i.grid_id
WHERE (coalesce(t.before, '') NOT IN ('closed', 'rejected', 'merged') OR t.again) AND t.state NOT IN ('rejected', 'merged')
    AND (%(area)s::text IS NULL OR a.code = %(area)s)
ORDER BY t.before IS NULL, t.reported_at, i.id;

-- name: due
-- disputes somebody has to go to or remind until a day: visits due, performance due and not noted, confirmation still possible and not applied for
SELECT i.id, i.code, i.category, atlas.shown(i.title) AS title, a.code AS area, a.name AS area_name, g.code AS grid, c.level, n.need, n.by
FROM atlas.dispute d JOIN atlas.casefile c ON c.incident_id = d.incident_id JOIN atlas.incident i ON i.id = d.incident_id
LEFT JOIN atlas.area a ON a.id = i.area_id LEFT JOIN atlas.grid g ON g.id = i.grid_id
CROSS JOIN LATERAL (VALUES
    ('visit', d.visit_by),
    ('perform', CASE WHEN d.performed IS NULL AND d.confirm IS DISTINCT FROM 'confirmed' THEN d.perform_by END),
    ('confirm', CASE WHEN d.confirm IS NULL AND d.confirm_by >= atlas.today() THEN d.confirm_by END)
) AS n (need, by)
WHERE n.by <= %(until)s AND c.state NOT IN ('rejected', 'merged') AND (%(area)s::text IS NULL OR a.code = %(area)s)
ORDER BY n.by, i.id, n.need
LIMIT %(limit)s;
