-- name: listing
-- parties of a case in full: supervisors and workers in whose reach it lies
SELECT id, part, kind, name, gender, ethnicity, education, trait, id_kind, id_number, phone, address
FROM atlas.party WHERE incident_id = %(incident)s AND gone_at IS NULL ORDER BY id;

-- name: masks
-- parties of a case without what tells who they are
SELECT id, part, kind, name, phone, address FROM atlas.party_masks(%(incident)s);

-- name: reveal
-- parties of a case in full, with an audit row
SELECT id, part, kind, name, gender, ethnicity, education, trait, id_kind, id_number, phone, address FROM atlas.reveal_parties(%(incident)s, %(reason)s);

-- name: code
-- code of the incident of a case the actor sees
SELECT i.code FROM atlas.casefile c JOIN atlas.incident i ON i.id = c.incident_id WHERE c.incident_id = %(incident)s;

-- name: add
-- keeps a party
INSERT INTO atlas.party (incident_id, part, kind, name, gender, ethnicity, education, trait, id_kind, id_number, phone, address)
VALUES (%(incident)s, %(part)s, %(kind)s, %(name)s, %(gender)s, %(ethnicity)s, %(education)s, %(trait)s, %(id_kind)s, %(id_number)s, %(phone)s, %(address)s)
RETURNING id;

-- name: change
-- corrects a party; its old self goes to the history
UPDATE atlas.party SET part = %(part)s, kind = %(kind)s, name = %(name)s, gender = %(gender)s, ethnicity = %(ethnicity)s, education = %(education)s,
    trait = %(trait)s, id_kind = %(id_kind)s, id_number = %(id_number)s, phone = %(phone)s, address = %(address)s, updated_at = now()
WHERE id = %(id)s AND gone_at IS NULL RETURNING incident_id;

-- name: drop
-- says that somebody is no party any more
UPDATE atlas.party SET gone_at = now(), updated_at = now() WHERE id = %(id)s AND gone_at IS NULL RETURNING incident_id;
