-- name: note!
INSERT INTO audit (action, relation, subject, before, after, reason)
VALUES (:action, :relation, :subject, :before, :after, :reason);

-- name: listing
-- rows of the audit, newest first
SELECT seq, at, actor, origin, action, relation, subject, before, after, reason FROM audit
WHERE (:actor::text IS NULL OR actor = :actor) AND (:action::text IS NULL OR action = :action)
    AND (:relation::text IS NULL OR relation = :relation) AND (:subject::text IS NULL OR subject ILIKE '%%' || :subject || '%%')
    AND (:since::timestamptz IS NULL OR at >= :since) AND (:until::timestamptz IS NULL OR at < :until)
    AND (:below::bigint IS NULL OR seq < :below)
ORDER BY seq DESC LIMIT :most;

-- name: chain
-- the whole chain in order, beside both its ends: only words of PostgreSQL itself are used here,
-- so that a function of the schema that was replaced cannot lie about it
SELECT h.seq, h.hash, h.base_seq, h.base_hash, a.seq, a.hash, a.action = 'forget' AND a.relation = 'audit', ARRAY[
    a.seq::text, floor(extract(epoch FROM a.at) * 1000000)::bigint::text, a.actor, a.action, a.relation, a.subject,
    coalesce(a.before::text, E'\x1e'), coalesce(a.after::text, E'\x1e'), coalesce(a.reason, E'\x1e'), a.origin]
FROM (VALUES (1)) AS one
LEFT JOIN atlas.audit_head h ON true
LEFT JOIN atlas.audit a ON :last::bigint IS NULL OR a.seq >= h.seq - :last
ORDER BY a.seq;

-- name: forget
-- how many rows went
SELECT audit_forget(now() - make_interval(days => :days));
