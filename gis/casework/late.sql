-- Where a clock asks for a card.

-- name: wanting
-- open cases beyond their limit without a red card, or near its end without any, the latest first
SELECT c.incident_id AS id, i.code, c.seq, c.stage, c.due_at, CASE WHEN c.due_at < now() THEN 'red' ELSE 'yellow' END AS mark, c.card
FROM atlas.casefile AS c JOIN atlas.incident AS i ON i.id = c.incident_id
WHERE c.state NOT IN ('closed', 'rejected', 'merged') AND NOT c.suspended AND c.warn_at <= now() AND c.due_at IS NOT NULL
    AND (c.card IS NULL OR c.card = 'yellow' AND c.due_at < now())
ORDER BY c.due_at, c.incident_id LIMIT %(most)s;
