-- name: listing
-- accounts with roles and scopes of today, failed attempts left out; :name picks one
SELECT a.id, a.name, a.display, a.source, a.active, a.demo, a.created_at,
    coalesce((SELECT array_agg(DISTINCT r.role ORDER BY r.role) FROM account_role r WHERE r.account_id = a.id
        AND today() >= r.valid_from AND (r.valid_to IS NULL OR today() <= r.valid_to)), '{}') AS roles,
    coalesce((SELECT array_agg(DISTINCT coalesce('area:' || t.code, 'grid:' || s.grid_code, 'office')) FROM account_scope s
        LEFT JOIN area t ON t.id = s.area_id WHERE s.account_id = a.id
        AND today() >= s.valid_from AND (s.valid_to IS NULL OR today() <= s.valid_to)), '{}') AS scopes, a.units,
    (SELECT max(l.seen_at) FROM login_session l WHERE l.account_id = a.id) AS seen_at
FROM account a
WHERE (:name::text IS NULL OR a.name = :name)
    AND (:words::text IS NULL OR a.name ILIKE '%%' || :words || '%%' OR a.display ILIKE '%%' || :words || '%%')
ORDER BY a.name
LIMIT :most OFFSET :skip;

-- name: number
-- how many accounts the words fit
SELECT count(*) FROM account a
WHERE :words::text IS NULL OR a.name ILIKE '%%' || :words || '%%' OR a.display ILIKE '%%' || :words || '%%';

-- name: add
-- number of the new account
INSERT INTO account (name, display, source, subject, demo) VALUES (:name, :display, :source, :subject, :demo) RETURNING id;

-- name: set_password!
INSERT INTO credential (account_id, hash, must_change) VALUES (:account, :hash, :must_change)
ON CONFLICT (account_id) DO UPDATE SET former = (credential.former || credential.hash)[greatest(1, cardinality(credential.former) - 48):],
    hash = EXCLUDED.hash, must_change = EXCLUDED.must_change, changed_at = now(), failures = 0, locked_until = NULL;

-- name: credential
-- what a sign-in needs of one account: id, active, demo, hash, former, must_change, changed_at, failures, locked_until
SELECT a.id, a.active, a.demo, c.hash, c.former, c.must_change, c.changed_at, c.failures, c.locked_until
FROM account a LEFT JOIN credential c ON c.account_id = a.id
WHERE a.name = :name
FOR UPDATE OF a;

-- name: failed!
UPDATE credential SET failures = failures + 1,
    locked_until = CASE WHEN failures + 1 >= :after
        THEN now() + make_interval(secs => least(:most, :first * 2 ^ least(failures + 1 - :after, 20))) END
WHERE account_id = :account;

-- name: succeeded!
UPDATE credential SET failures = 0, locked_until = NULL, hash = coalesce(:rehash, hash) WHERE account_id = :account;

-- name: end_roles!
DELETE FROM account_role WHERE account_id = :account;

-- name: add_role!
INSERT INTO account_role (account_id, role, valid_from, valid_to)
VALUES (:account, :role, coalesce(:valid_from, today()), :valid_to);

-- name: end_scopes!
DELETE FROM account_scope WHERE account_id = :account;

-- name: scope_office!
INSERT INTO account_scope (account_id, reach, valid_to) VALUES (:account, 'office', :valid_to);

-- name: scope_area
-- one row when the area exists
INSERT INTO account_scope (account_id, reach, area_id, valid_to)
SELECT :account, 'area', id, :valid_to FROM area WHERE code = :code RETURNING id;

-- name: scope_grid
-- one row when a grid of this code is in force: in the network named, else in the first that has it
INSERT INTO account_scope (account_id, reach, network_id, grid_code, valid_to)
SELECT :account, 'grid', g.network_id, g.code, :valid_to FROM grid g
JOIN network n ON n.id = g.network_id
WHERE g.code = :code AND g.valid_to IS NULL AND (:network::text IS NULL OR n.code = :network)
ORDER BY g.network_id LIMIT 1 RETURNING id;

-- name: set_active!
UPDATE account SET active = :active, updated_at = now() WHERE id = :account;

-- name: set_display!
UPDATE account SET display = :display, updated_at = now() WHERE id = :account;

-- name: set_units!
UPDATE account SET units = :units, updated_at = now() WHERE id = :account;

-- name: other_admins
-- how many other active accounts may manage accounts today
SELECT count(*) FROM account a JOIN account_role r ON r.account_id = a.id
WHERE a.active AND r.role = 'admin' AND a.id <> :account AND NOT a.demo
    AND today() >= r.valid_from AND (r.valid_to IS NULL OR today() <= r.valid_to);

-- name: any
-- whether there is any account, and any demo account
SELECT EXISTS (SELECT FROM account WHERE NOT demo), EXISTS (SELECT FROM account WHERE demo);

-- name: remove_demo
-- names of the demo accounts that were taken away
DELETE FROM account WHERE demo RETURNING name;

-- name: find_subject
-- name of the account of an identity provider's subject
SELECT name, active FROM account WHERE source = 'oidc' AND subject = :subject;
