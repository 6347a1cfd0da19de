-- name: start
-- number of the session
INSERT INTO login_session (token_hash, account_id, idle_s, expires_at, address, agent)
VALUES (:token, :account, :idle_s, now() + make_interval(secs => :life_s), :address, :agent) RETURNING id;

-- name: find
-- the live session of a token: session, account, name, display, roles, must_change, seen
SELECT l.id, a.id, a.name, a.display,
    coalesce((SELECT array_agg(DISTINCT r.role ORDER BY r.role) FROM account_role r WHERE r.account_id = a.id
        AND today() >= r.valid_from AND (r.valid_to IS NULL OR today() <= r.valid_to)), '{}'),
    coalesce(NOT a.demo AND (c.must_change OR (:password_days > 0 AND c.changed_at < now() - make_interval(days => :password_days))), false),
    l.seen_at < now() - make_interval(secs => least(60, l.idle_s / 4)), a.demo
FROM login_session l
JOIN account a ON a.id = l.account_id AND a.active
LEFT JOIN credential c ON c.account_id = a.id
WHERE l.token_hash = :token AND l.ended_at IS NULL AND now() < l.expires_at
    AND now() < l.seen_at + make_interval(secs => l.idle_s);

-- name: seen!
UPDATE login_session SET seen_at = now() WHERE id = :id AND ended_at IS NULL;

-- name: end
-- name of the account whose session ended
UPDATE login_session l SET ended_at = now(), ending = :ending
FROM account a WHERE l.token_hash = :token AND l.ended_at IS NULL AND a.id = l.account_id RETURNING a.name;

-- name: end_others!
UPDATE login_session SET ended_at = now(), ending = :ending
WHERE account_id = (SELECT id FROM account WHERE name = :name) AND ended_at IS NULL AND (:keep::bigint IS NULL OR id <> :keep);

-- name: revoke
-- name of the account whose session was ended
UPDATE login_session l SET ended_at = now(), ending = 'revoked'
FROM account a WHERE l.id = :id AND l.ended_at IS NULL AND a.id = l.account_id RETURNING a.name;

-- name: listing
-- live sessions, newest sign of life first
SELECT l.id, a.name, a.display, l.created_at, l.seen_at, l.expires_at, l.address, l.agent
FROM login_session l JOIN account a ON a.id = l.account_id
WHERE l.ended_at IS NULL AND now() < l.expires_at AND now() < l.seen_at + make_interval(secs => l.idle_s)
ORDER BY l.seen_at DESC LIMIT :most;
