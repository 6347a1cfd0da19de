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

-- name: head
-- newest place of the chain, its hash, how many rows there are
SELECT h.seq, encode(h.hash, 'hex'), h.base_seq FROM audit_head h;

-- name: faults
-- where the chain does not hold
SELECT seq, fault FROM audit_faults(:most);

-- name: forget
-- how many rows went
SELECT audit_forget(now() - make_interval(days => :days));
