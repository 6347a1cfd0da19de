-- The office's own days and hours.

-- name: marks
-- days the office works or rests, by its own word
SELECT h.day, h.working, h.name, h.source FROM atlas.holiday AS h ORDER BY h.day;

-- name: hours
-- its own office hours, whenever they are in force
SELECT h.begins, h.ends, h.season_from, h.season_to, h.valid_from, h.valid_to, h.source
FROM atlas.office_hours AS h ORDER BY h.valid_from, h.begins;
