-- name: incident
-- code and free text of an incident, unmasked
SELECT code, title, address FROM atlas.incident WHERE id = :id;

-- name: building
-- code and free text of a building, unmasked
SELECT code, name, address FROM atlas.building WHERE id = :id;
