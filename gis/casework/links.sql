-- Which cases belong together.

-- name: link!
INSERT INTO atlas.case_link (incident_id, other_id, relation) VALUES (%(id)s, %(other)s, %(relation)s);

-- name: unlink!
-- either way round
DELETE FROM atlas.case_link
WHERE incident_id = %(id)s AND other_id = %(other)s OR incident_id = %(other)s AND other_id = %(id)s;

-- name: told!
-- the history of a case says that another came into it; its state stays
WITH stepped AS (
    UPDATE atlas.casefile AS c SET seq = c.seq + 1, updated_at = now() WHERE c.incident_id = %(id)s
    RETURNING c.incident_id, c.seq, c.state
)
INSERT INTO atlas.case_event (incident_id, seq, act, state, at, data)
SELECT s.incident_id, s.seq, 'link', s.state, %(at)s, %(data)s FROM stepped AS s;
