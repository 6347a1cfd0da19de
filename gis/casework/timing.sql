-- Clocks of cases: read, written, and what the case file says of them.

-- name: clocks
-- clocks of some cases
SELECT c.incident_id, c.stage, c.round, c.starts_at, c.kind, c.amount, c.extra, c.warn_share, c.source, c.due_at, c.warn_at,
    c.pauses, c.ended_at, c.provisional, c.id
FROM atlas.case_clock AS c WHERE c.incident_id = ANY (%(ids)s::bigint[]) ORDER BY c.incident_id, c.starts_at, c.id;

-- name: start!
-- a new clock
INSERT INTO atlas.case_clock (incident_id, stage, round, starts_at, kind, amount, extra, warn_share, source, due_at, warn_at, pauses, ended_at, provisional)
VALUES (%(incident)s, %(stage)s, %(round)s, %(starts_at)s, %(kind)s, %(amount)s, %(extra)s, %(warn_share)s, %(source)s, %(due_at)s, %(warn_at)s,
    %(pauses)s, %(ended_at)s, %(provisional)s);

-- name: turn!
-- a clock as it is now
UPDATE atlas.case_clock SET starts_at = %(starts_at)s, kind = %(kind)s, amount = %(amount)s, extra = %(extra)s, warn_share = %(warn_share)s,
    source = %(source)s, due_at = %(due_at)s, warn_at = %(warn_at)s, pauses = %(pauses)s, ended_at = %(ended_at)s, provisional = %(provisional)s, updated_at = now()
WHERE id = %(id)s;

-- name: tell!
-- what case files say of their clocks: the one that runs out first; nothing while a case waits or has ended
UPDATE atlas.casefile AS c SET stage = n.stage, due_at = n.due_at, warn_at = n.warn_at
FROM (
    SELECT f.incident_id, k.stage, k.due_at, k.warn_at
    FROM atlas.casefile AS f
    LEFT JOIN LATERAL (
        SELECT k.stage, k.due_at, k.warn_at FROM atlas.case_clock AS k
        WHERE k.incident_id = f.incident_id AND k.ended_at IS NULL AND k.due_at IS NOT NULL
            AND NOT f.suspended AND f.state NOT IN ('closed', 'rejected', 'merged')
        ORDER BY k.due_at, k.stage = 'total', k.id LIMIT 1
    ) AS k ON true
    WHERE f.incident_id = ANY (%(ids)s::bigint[])
) AS n
WHERE c.incident_id = n.incident_id AND (c.stage, c.due_at, c.warn_at) IS DISTINCT FROM (n.stage, n.due_at, n.warn_at);
