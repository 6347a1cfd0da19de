-- name: add!
INSERT INTO api_token (account_id, label, token_hash, permits, expires_at)
VALUES (:account, :label, :token, :permits, now() + make_interval(days => :days));

-- name: find
-- the live token: id, account, name, display, roles, permits, whether to note its use, demo
SELECT t.id, a.id, a.name, a.display,
    coalesce((SELECT array_agg(DISTINCT r.role ORDER BY r.role) FROM account_role r WHERE r.account_id = a.id
        AND today() >= r.valid_from AND (r.valid_to IS NULL OR today() <= r.valid_to)), '{}'),
    t.permits, coalesce(t.used_at < now() - interval '60 seconds', true), a.demo
FROM api_token t JOIN account a ON a.id = t.account_id AND a.active
WHERE t.token_hash = :token AND t.revoked_at IS NULL AND now() < t.expires_at;

-- name: used!
UPDATE api_token SET used_at = now() WHERE id = :id;

-- name: listing
-- tokens, newest first
SELECT t.id, a.name AS account, t.label, t.permits, t.created_at, t.expires_at, t.used_at, t.revoked_at
FROM api_token t JOIN account a ON a.id = t.account_id ORDER BY t.id DESC;

-- name: revoke!
UPDATE api_token SET revoked_at = now() WHERE id = :id AND revoked_at IS NULL;
