-- What an office says of days, hours and limits.

-- name: day!
-- one day
INSERT INTO atlas.holiday AS h (day, working, name, source) VALUES (%(day)s, %(working)s, %(name)s, %(source)s)
ON CONFLICT (day) DO UPDATE SET working = EXCLUDED.working, name = EXCLUDED.name, source = EXCLUDED.source, updated_at = now();

-- name: end_hours!
-- hours in force when others begin: they end the day before
UPDATE atlas.office_hours SET valid_to = %(from)s::date - 1, updated_at = now()
WHERE valid_from <= %(from)s AND (valid_to IS NULL OR valid_to >= %(from)s);

-- name: hours!
-- one stretch of hours, until others that were already said begin
INSERT INTO atlas.office_hours (begins, ends, season_from, season_to, valid_from, valid_to, source)
VALUES (%(begins)s, %(ends)s, %(season_from)s, %(season_to)s, %(from)s,
    (SELECT min(o.valid_from) - 1 FROM atlas.office_hours AS o WHERE o.valid_from > %(from)s AND o.valid_to IS DISTINCT FROM o.valid_from - 1), %(source)s);

-- name: end_limits!
-- limits of a kind in force when others begin: they end the day before
UPDATE atlas.time_limit SET valid_to = %(from)s::date - 1, updated_at = now()
WHERE kind = %(kind)s AND valid_from <= %(from)s AND (valid_to IS NULL OR valid_to >= %(from)s);

-- name: limit!
-- one limit, until others of its kind that were already said begin
INSERT INTO atlas.time_limit (standard, kind, category, level, channel, stage, clock, amount, warn_share, valid_from, valid_to, source)
VALUES (%(standard)s, %(kind)s, %(category)s, %(level)s, %(channel)s, %(stage)s, %(clock)s, %(amount)s, %(warn_share)s, %(from)s,
    (SELECT min(o.valid_from) - 1 FROM atlas.time_limit AS o WHERE o.kind = %(kind)s AND o.valid_from > %(from)s AND o.valid_to IS DISTINCT FROM o.valid_from - 1), %(source)s);
