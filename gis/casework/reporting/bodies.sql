-- What the reports hold, as at the end of their span. Free text comes masked for everybody: what is frozen
-- carries no personal data, whoever made it and whoever reads it.

-- name: moved
-- (case, act, how often) of some cases in a span
SELECT e.incident_id, e.act, count(*)::integer FROM atlas.case_event e
WHERE e.incident_id = ANY (%(ids)s::bigint[]) AND e.act = ANY (%(acts)s)
    AND e.at >= (%(since)s::date)::timestamp AT TIME ZONE 'Asia/Shanghai' AND e.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: masked
-- (case, masked title, channel, whether it came with a file) of some cases
SELECT i.id, atlas.mask_text(i.title), i.channel, i.source_id IS NOT NULL FROM atlas.incident i WHERE i.id = ANY (%(ids)s::bigint[]);

-- name: hush
-- texts that were typed in, masked
SELECT coalesce(array_agg(atlas.mask_text(t.words) ORDER BY t.place), '{}') FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS t (words, place);

-- name: signs
-- cases of a span that no one calls a dispute but whose class or text speaks of one
WITH RECURSIVE ground AS (
    SELECT id FROM atlas.area WHERE code = %(area)s
    UNION SELECT a.id FROM atlas.area a JOIN ground g ON a.parent_id = g.id
)
SELECT i.id, i.code, i.kind, i.category, atlas.mask_text(i.title) AS title, i.channel, (e.at AT TIME ZONE 'Asia/Shanghai')::date AS reported_on
FROM atlas.case_event e JOIN atlas.casefile c ON c.incident_id = e.incident_id JOIN atlas.incident i ON i.id = e.incident_id
WHERE e.seq = 1 AND e.at >= (%(since)s::date)::timestamp AT TIME ZONE 'Asia/Shanghai' AND e.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
    AND c.kind <> 'dispute' AND c.state NOT IN ('rejected', 'merged') AND (i.category ~ %(words)s OR i.title ~ %(words)s)
    AND (%(area)s::text IS NULL OR c.area_id IN (SELECT id FROM ground))
ORDER BY e.at, i.id;

-- name: hazards
-- hazards that were open in a span or reported in it, with what their ledger says of each, as at its end
WITH RECURSIVE ground AS (
    SELECT id FROM atlas.area WHERE code = %(area)s
    UNION SELECT a.id FROM atlas.area a JOIN ground g ON a.parent_id = g.id
), span AS (
    SELECT (%(since)s::date)::timestamp AT TIME ZONE 'Asia/Shanghai' AS since, (%(until)s::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS below
), story AS (
    SELECT c.incident_id, min(e.at) AS found_at, (array_agg(e.state ORDER BY e.seq DESC))[1] AS state,
        (array_agg(e.act ORDER BY e.seq DESC) FILTER (WHERE e.state = 'closed'))[1] AS ending, min(e.unit) FILTER (WHERE e.seq = 1) AS unit,
        (array_agg(e.state ORDER BY e.seq DESC) FILTER (WHERE e.at < s.since))[1] AS before,
        max(e.at) FILTER (WHERE e.act = 'answer') AS answered_at,
        max(e.at) FILTER (WHERE e.act = 'check' AND e.data ->> 'result' = 'pass') AS checked_at,
        max(e.at) FILTER (WHERE e.state = 'closed' AND e.act IN ('close', 'import')) AS closed_at
    FROM atlas.casefile c CROSS JOIN span s JOIN atlas.case_event e ON e.incident_id = c.incident_id AND e.at < s.below
    WHERE c.kind = 'hazard' AND coalesce(c.closed_at, 'infinity') >= s.since AND (%(area)s::text IS NULL OR c.area_id IN (SELECT id FROM ground))
    GROUP BY c.incident_id, s.since
), told AS (
    SELECT t.*, c.level, c.units, CASE WHEN t.state = 'closed' AND t.ending = 'import' AND c.closed_at >= s.below THEN 'handling' ELSE t.state END AS stood,
        CASE WHEN t.ending = 'import' THEN coalesce(c.closed_at, t.closed_at) ELSE t.closed_at END AS done_at
    FROM story t JOIN atlas.casefile c ON c.incident_id = t.incident_id CROSS JOIN span s
)
SELECT i.id, i.code, (t.found_at AT TIME ZONE 'Asia/Shanghai')::date AS found_on, i.channel, t.unit, i.category, atlas.mask_text(i.title) AS title,
    atlas.mask_text(i.address) AS address, coalesce(nullif(a.name, ''), a.code, '') AS area, coalesce(g.code, '') AS grid, t.level, atlas.mask_text(coalesce(h.demand, '')) AS demand,
    coalesce(h.extended_to, h.deadline) AS deadline, t.units, atlas.mask_text(coalesce(h.duty, '')) AS duty, atlas.mask_text(coalesce(h.interim, '')) AS interim, h.listed_on,
    CASE WHEN t.stood IN ('answered', 'checked', 'closed') THEN (t.answered_at AT TIME ZONE 'Asia/Shanghai')::date END AS answered_on,
    CASE WHEN t.stood IN ('checked', 'closed') THEN (t.checked_at AT TIME ZONE 'Asia/Shanghai')::date END AS checked_on,
    CASE WHEN t.stood = 'closed' THEN (t.done_at AT TIME ZONE 'Asia/Shanghai')::date END AS closed_on, t.stood AS state, t.before IS NULL AS new
FROM told t JOIN atlas.incident i ON i.id = t.incident_id LEFT JOIN atlas.hazard h ON h.incident_id = i.id
LEFT JOIN atlas.area a ON a.id = i.area_id LEFT JOIN atlas.grid g ON g.id = i.grid_id
WHERE t.stood NOT IN ('rejected', 'merged')
ORDER BY t.level NULLS LAST, t.found_at, i.id;

-- name: disputes
-- every dispute of the year up to the end of a month, and those carried into it: where, what, how many people, and what happened in the month
WITH RECURSIVE ground AS (
    SELECT id FROM atlas.area WHERE code = %(area)s
    UNION SELECT a.id FROM atlas.area a JOIN ground g ON a.parent_id = g.id
), span AS (
    SELECT (date_trunc('year', %(since)s::date::timestamp)) AT TIME ZONE 'Asia/Shanghai' AS year, (%(since)s::date)::timestamp AT TIME ZONE 'Asia/Shanghai' AS since,
        (%(until)s::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS below
), story AS (
    SELECT c.incident_id, min(e.at) AS found_at, (array_agg(e.state ORDER BY e.seq DESC))[1] AS state,
        (array_agg(e.act ORDER BY e.seq DESC) FILTER (WHERE e.state = 'closed'))[1] AS ending, bool_or(e.act = 'reopen' AND e.at >= s.since) AS again,
        (array_agg(e.state ORDER BY e.seq DESC) FILTER (WHERE e.at < s.since))[1] AS before
    FROM atlas.casefile c CROSS JOIN span s JOIN atlas.case_event e ON e.incident_id = c.incident_id AND e.at < s.below
    WHERE c.kind = 'dispute' AND coalesce(c.closed_at, 'infinity') >= s.year AND (%(area)s::text IS NULL OR c.area_id IN (SELECT id FROM ground))
    GROUP BY c.incident_id, s.since
)
SELECT i.category, coalesce(a.code, '') AS area, coalesce(nullif(a.name, ''), a.code, '') AS area_name, d.people, coalesce(d.major, false) AS major,
    t.found_at >= s.since AS found, t.found_at >= s.year AS year,
    t.before IS NOT NULL AND (t.before NOT IN ('closed', 'rejected', 'merged') OR t.ending = 'import' AND c.closed_at >= s.since) AS carried, t.again,
    CASE WHEN t.state = 'closed' AND t.ending = 'import' AND c.closed_at >= s.below THEN 'handling' ELSE t.state END AS state
FROM story t JOIN atlas.incident i ON i.id = t.incident_id JOIN atlas.casefile c ON c.incident_id = i.id CROSS JOIN span s
LEFT JOIN atlas.dispute d ON d.incident_id = i.id LEFT JOIN atlas.area a ON a.id = i.area_id
WHERE t.state NOT IN ('rejected', 'merged')
ORDER BY i.id;

-- name: weekly_forms
-- (how many weekly forms of a month and area are frozen, how many of them report nothing)
WITH RECURSIVE ground AS (
    SELECT id FROM atlas.area WHERE code = %(area)s
    UNION SELECT a.id FROM atlas.area a JOIN ground g ON a.parent_id = g.id
)
SELECT count(*)::integer, count(*) FILTER (WHERE r.content #>> '{figures,found}' = '0')::integer
FROM atlas.report r
WHERE r.kind = 'weekly' AND r.until BETWEEN %(since)s AND %(until)s AND (%(area)s::text IS NULL OR r.area_id IN (SELECT id FROM ground));
