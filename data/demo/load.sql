-- name: held
-- how many records of each kind there are, and how many imports the demo did not make
SELECT (SELECT count(*) FROM atlas.area), (SELECT count(*) FROM atlas.grid), (SELECT count(*) FROM atlas.building),
       (SELECT count(*) FROM atlas.incident),
       (SELECT count(*) FROM atlas.road) + (SELECT count(*) FROM atlas.water) + (SELECT count(*) FROM atlas.green)
           + (SELECT count(*) FROM atlas.excluded),
       (SELECT count(*) FROM atlas.person), (SELECT count(*) FROM atlas.visit) + (SELECT count(*) FROM atlas.track),
       (SELECT count(*) FROM atlas.import WHERE actor <> 'job:demo'),
       (SELECT count(*) FROM atlas.history WHERE actor <> 'job:demo');

-- name: empty!
-- takes all records away; what was imported and who did what stays in import and audit
TRUNCATE atlas.finding, atlas.assignment, atlas.refresh, atlas.incident, atlas.building, atlas.grid, atlas.excluded,
    atlas.road, atlas.water, atlas.green, atlas.area, atlas.person, atlas.organisation, atlas.post, atlas.leave,
    atlas.visit, atlas.track, atlas.duty RESTART IDENTITY CASCADE;

-- name: complete!
-- says up to which day the records are complete: the demo year is judged at its end
UPDATE atlas.network SET complete_until = %(until)s WHERE complete_until IS DISTINCT FROM %(until)s;

-- name: emptied!
-- says so in the audit
INSERT INTO atlas.audit (action, relation, before, reason)
VALUES ('empty', 'building', %(before)s, 'demo --replace');

-- name: indexes
-- spatial indexes of the tables that get many rows: name and definition
SELECT i.relname, pg_get_indexdef(i.oid)
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_am m ON m.oid = i.relam AND m.amname = 'gist'
WHERE x.indrelid IN ('atlas.building'::regclass, 'atlas.incident'::regclass, 'atlas.visit'::regclass, 'atlas.track'::regclass)
ORDER BY i.relname;

-- name: counted!
-- how many rows an import brought in the end
UPDATE atlas.import SET rows_read = %(rows)s, rows_inserted = %(rows)s WHERE id = %(id)s;

-- name: settle!
-- what was open at the end of the year's records and came to its end in the weeks after
UPDATE atlas.incident SET closed_at = occurred_at + make_interval(days => 20 + mod(id, 40)::integer),
    state = CASE kind WHEN 'hazard' THEN '已销号' WHEN 'dispute' THEN '已化解' ELSE '已结案' END
WHERE closed_at IS NULL AND occurred_at IS NOT NULL;
