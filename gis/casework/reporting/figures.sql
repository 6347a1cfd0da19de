-- Counts behind the indicators, from case files, their events and clocks, as at the end of a period.

-- name: counts
-- one row of counts per group: of kinds, small classes, areas, lead units, or everything together
WITH RECURSIVE ground AS (
    SELECT id FROM atlas.area WHERE code = %(area)s
    UNION SELECT a.id FROM atlas.area a JOIN ground g ON a.parent_id = g.id
), span AS (
    SELECT (%(since)s::date)::timestamp AT TIME ZONE 'Asia/Shanghai' AS since, (%(until)s::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS below
), picked AS (
    SELECT e.incident_id FROM atlas.case_event e CROSS JOIN span s WHERE e.seq = 1 AND e.at >= s.since AND e.at < s.below
    UNION
    SELECT k.incident_id FROM atlas.case_clock k CROSS JOIN span s
    WHERE %(rule)s = 'due' AND k.stage IN ('handle', 'check', 'total') AND k.due_at >= s.since AND k.due_at < s.below
), told AS (
    SELECT e.incident_id, min(e.at) FILTER (WHERE e.seq = 1) AS reported_at, (array_agg(e.state ORDER BY e.seq DESC))[1] AS state, (array_agg(e.act ORDER BY e.seq DESC) FILTER (WHERE e.state = 'closed'))[1] AS ending,
        bool_or(e.state IN ('filed', 'dispatched', 'handling', 'answered', 'checked', 'closed')) AS filed,
        bool_or(e.state IN ('dispatched', 'handling', 'answered', 'checked', 'closed')) AS given,
        max(e.at) FILTER (WHERE e.act = 'answer' OR e.act IN ('report', 'import') AND e.state IN ('answered', 'checked', 'closed')) AS handled_at,
        (array_agg(e.act ORDER BY e.seq DESC) FILTER (WHERE e.act IN ('suspend', 'resume')))[1] AS waits,
        count(*) FILTER (WHERE e.act = 'accept') AS accepted, count(*) FILTER (WHERE e.act = 'dispatch') AS dispatches,
        count(*) FILTER (WHERE e.act = 'return') AS returns, count(*) FILTER (WHERE e.act = 'reopen') AS reopened,
        bool_or(e.act = 'check' AND e.data ->> 'result' IN ('pass', 'fail')) AS checked,
        bool_or(e.act = 'check' AND e.data ->> 'result' = 'fail') AS failed,
        (array_agg(e.data ->> 'result' ORDER BY e.seq DESC) FILTER (WHERE e.act IN ('rate', 'reopen')))[1] AS rating
    FROM picked p JOIN atlas.case_event e ON e.incident_id = p.incident_id CROSS JOIN span s
    WHERE e.at < s.below
    GROUP BY e.incident_id
), fact AS (
    SELECT c.incident_id, c.kind, c.category, c.channel, c.area_id, c.units, t.filed, t.given, t.handled_at, t.accepted, t.dispatches, t.returns, t.reopened,
        t.checked, t.failed, t.rating, t.reported_at >= s.since AS fresh, h.kind IS NOT NULL AS handle_limited, h.due_at AS handle_due,
        w.kind IS NOT NULL AS limited, w.due_at, CASE WHEN w.ended_at < s.below THEN w.ended_at END AS ended_at, k.checks, k.checks_in_time,
        -- A file says at once that a case was closed later on: at the end of the period it was not yet.
        CASE WHEN t.state = 'closed' AND t.ending = 'import' AND c.closed_at >= s.below THEN 'handling' ELSE t.state END AS state,
        coalesce(t.waits = 'suspend', false) AND t.state IN ('filed', 'dispatched', 'handling') AS waits,
        h.due_at >= s.since AND h.due_at < s.below AS handle_falls, w.due_at >= s.since AND w.due_at < s.below AS falls
    FROM told t JOIN atlas.casefile c ON c.incident_id = t.incident_id CROSS JOIN span s
    LEFT JOIN LATERAL (SELECT k.* FROM atlas.case_clock k WHERE k.incident_id = t.incident_id AND k.stage = 'handle' AND k.starts_at < s.below ORDER BY k.round DESC LIMIT 1) AS h ON true
    LEFT JOIN LATERAL (SELECT k.* FROM atlas.case_clock k WHERE k.incident_id = t.incident_id AND k.stage = 'total' AND k.starts_at < s.below ORDER BY k.round DESC LIMIT 1) AS w ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS checks, count(*) FILTER (WHERE k.ended_at < s.below AND k.ended_at <= k.due_at) AS checks_in_time
        FROM atlas.case_clock k
        WHERE k.incident_id = t.incident_id AND k.stage = 'check' AND k.kind IS NOT NULL AND k.starts_at < s.below
            AND (CASE WHEN %(rule)s = 'due' THEN k.due_at >= s.since AND k.due_at < s.below ELSE t.reported_at >= s.since END)
    ) AS k
    WHERE (%(area)s::text IS NULL OR c.area_id IN (SELECT id FROM ground)) AND (%(kinds)s::text[] IS NULL OR c.kind = ANY (%(kinds)s))
), judged AS (
    SELECT f.*, f.state IN ('answered', 'checked', 'closed') AS handled, f.state NOT IN ('rejected', 'merged') AS counts,
        CASE WHEN %(rule)s = 'due' THEN coalesce(f.handle_falls, false) ELSE f.fresh END AS handle_in,
        CASE WHEN %(rule)s = 'due' THEN coalesce(f.falls, false) ELSE f.fresh END AS close_in
    FROM fact f
)
SELECT CASE %(by)s WHEN 'kind' THEN j.kind WHEN 'category' THEN j.category WHEN 'area' THEN coalesce(a.code, '') WHEN 'unit' THEN coalesce(j.units[1], '') ELSE '' END AS key,
    CASE %(by)s WHEN 'area' THEN coalesce(nullif(min(a.name), ''), min(a.code), '') ELSE '' END AS name,
    count(*) FILTER (WHERE j.fresh) AS reported,
    count(*) FILTER (WHERE j.fresh AND j.filed AND j.counts) AS filed,
    count(*) FILTER (WHERE j.handle_in AND j.given AND j.counts) AS should_handle,
    count(*) FILTER (WHERE j.handle_in AND j.given AND j.counts AND j.handled) AS handled,
    count(*) FILTER (WHERE j.handle_in AND j.given AND j.counts AND j.handle_limited) AS should_handle_limited,
    count(*) FILTER (WHERE j.handle_in AND j.given AND j.counts AND j.handle_limited AND j.handled AND j.handled_at <= j.handle_due) AS handled_in_time,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts) AS should_close,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts AND j.state = 'closed') AS closed,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts AND j.limited) AS should_close_limited,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts AND j.limited AND NOT j.waits) AS should_close_running,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts AND j.limited AND j.state = 'closed') AS closed_limited,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts AND j.limited AND j.state = 'closed' AND j.ended_at <= j.due_at) AS closed_in_time,
    count(*) FILTER (WHERE j.close_in AND j.filed AND j.counts AND j.limited AND j.state = 'closed' AND j.ended_at > j.due_at) AS closed_late,
    count(*) FILTER (WHERE j.fresh AND j.counts AND j.state <> 'closed') AS unclosed,
    count(*) FILTER (WHERE j.fresh AND j.accepted > 0 AND j.counts) AS should_dispatch,
    count(*) FILTER (WHERE j.fresh AND j.accepted > 0 AND j.counts AND j.dispatches > 0 AND j.returns = 0 AND j.dispatches <= 1 + j.reopened) AS dispatched_right,
    count(*) FILTER (WHERE j.fresh AND j.checked) AS checked,
    count(*) FILTER (WHERE j.fresh AND j.failed) AS reworked,
    coalesce(sum(j.checks), 0)::bigint AS checks, coalesce(sum(j.checks_in_time), 0)::bigint AS checks_in_time,
    count(*) FILTER (WHERE j.fresh AND j.rating IS NOT NULL) AS rated,
    count(*) FILTER (WHERE j.fresh AND j.rating IN ('good', 'fair')) AS satisfied,
    count(*) FILTER (WHERE j.fresh AND j.channel = 'patrol') AS patrol,
    count(*) FILTER (WHERE j.fresh AND j.channel IN ('patrol', 'hotline')) AS told
FROM judged j LEFT JOIN atlas.area a ON a.id = j.area_id
GROUP BY 1, CASE WHEN %(by)s = 'area' THEN j.area_id END
ORDER BY count(*) FILTER (WHERE j.fresh) DESC, 1;
