-- Frozen reports and their notes.

-- name: one
-- the report of a kind, area and span, if there is one
SELECT r.id FROM atlas.report r
WHERE r.kind = %(kind)s AND r.area_id IS NOT DISTINCT FROM %(area)s AND r.since = %(since)s AND r.until = %(until)s;

-- name: get
-- a report
SELECT r.id, r.kind, a.code AS area, r.since, r.until, r.content, r.formulas, r.sha256, r.actor, r.created_at
FROM atlas.report r LEFT JOIN atlas.area a ON a.id = r.area_id WHERE r.id = %(id)s;

-- name: listing
-- reports, the newest span first
SELECT r.id, r.kind, a.code AS area, r.content #>> '{head,area_name}' AS area_name, r.since, r.until, r.sha256, atlas.called(r.actor) AS who, r.created_at,
    (SELECT count(*) FROM atlas.report_note n WHERE n.report_id = r.id)::integer AS notes
FROM atlas.report r LEFT JOIN atlas.area a ON a.id = r.area_id
WHERE (%(kind)s::text IS NULL OR r.kind = %(kind)s)
ORDER BY r.until DESC, r.kind, r.id DESC LIMIT %(limit)s;

-- name: insert
-- a new report
INSERT INTO atlas.report (kind, area_id, since, until, content, formulas, sha256)
VALUES (%(kind)s, %(area)s, %(since)s, %(until)s, %(content)s, %(formulas)s, %(sha256)s)
ON CONFLICT (kind, area_id, since, until) DO NOTHING RETURNING id;

-- name: notes
-- notes of a report, oldest first
SELECT n.seq, n.content, n.sha256, atlas.called(n.actor) AS who, n.created_at FROM atlas.report_note n WHERE n.report_id = %(id)s ORDER BY n.seq;

-- name: note
-- a new note of a report
INSERT INTO atlas.report_note (report_id, seq, content, sha256)
SELECT %(id)s, coalesce(max(n.seq), 0) + 1, %(content)s, %(sha256)s FROM atlas.report_note n WHERE n.report_id = %(id)s;

-- name: audit!
-- a deed
INSERT INTO atlas.audit (action, relation, subject, after, reason) VALUES (%(action)s, 'report', %(subject)s, %(after)s, %(reason)s);

-- name: audited
-- hash of a report as the audit kept it, for whoever may read that row
SELECT u.after ->> 'sha256' FROM atlas.audit u WHERE u.action = 'freeze' AND u.relation = 'report' AND u.subject = %(subject)s ORDER BY u.seq LIMIT 1;
