-- Up to which day the records of a network are complete. Runs as atlas_owner with search_path = atlas, public.

ALTER TABLE network ADD COLUMN complete_until date;
COMMENT ON COLUMN network.complete_until IS 'Last day its visits, incidents and posts are complete for (资料截止日); rules judge that day, and what was recorded since counts as of it. Null: the running day. The demo year has one, so that it does not grow overdue on the shelf.';

CREATE FUNCTION judged_at(network bigint, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN least(at, (SELECT (n.complete_until + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' - interval '1 second' FROM network n WHERE n.id = network));
COMMENT ON FUNCTION judged_at(bigint, timestamptz) IS 'Moment the rules judge when they run at a moment: that one, or the end of the last complete day.';
