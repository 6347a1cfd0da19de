-- Limits of stages, as the office itself says them.

-- name: limits
-- every row, whenever it is in force
SELECT t.standard, t.kind, t.category, t.level, t.channel, t.stage, t.clock, t.amount, t.warn_share, t.valid_from, t.valid_to, t.source, true AS own
FROM atlas.time_limit AS t ORDER BY t.id;
