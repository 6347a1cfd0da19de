-- Bulk writing of records. The temporary table "incoming" holds a clean frame; names in
-- braces are filled in by gis.records.store through psycopg.sql.

-- name: lock
-- one writer per dataset at a time, until the transaction ends
SELECT pg_advisory_xact_lock(7041975, %(dataset)s);

-- name: keep_absent!
-- columns the file does not have stay as they are stored
UPDATE pg_temp.incoming i SET ({absent}) = ROW({stored})
FROM {table} t
WHERE t.code = i.code AND {in_force};

-- name: judge!
-- one row per incoming row: its stored row (by code, mostly), and whether all content is byte for byte the same
CREATE TEMP TABLE verdict ON COMMIT DROP AS
SELECT i.source_row, t.id AS target, t.id IS NOT NULL AND {same} AS same
FROM pg_temp.incoming i
LEFT JOIN {table} t ON {match} AND {in_force};

-- name: count
-- how many are new, changed, the same
SELECT count(*) FILTER (WHERE target IS NULL),
       count(*) FILTER (WHERE target IS NOT NULL AND NOT same),
       count(*) FILTER (WHERE same)
FROM pg_temp.verdict;

-- name: insert!
-- new rows, in spatial order where they have a place: what lies together is stored together
INSERT INTO {table} ({columns}, source_row, source_id)
SELECT {values}, i.source_row, %(source)s
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND v.target IS NULL
LEFT JOIN pg_temp.derived d ON d.source_row = i.source_row
WHERE {part}
ORDER BY {order};

-- name: update!
-- changed rows take all their content from the file
UPDATE {table} t
SET ({columns}, source_row, source_id, updated_at) = ROW({values}, i.source_row, %(source)s, now())
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND NOT v.same
LEFT JOIN pg_temp.derived d ON d.source_row = i.source_row
WHERE t.id = v.target;

-- name: spatial_indexes
-- name and definition of the spatial indexes of a table, where this role owns it and it holds
-- fewer rows than come in; none otherwise
SELECT i.relname, pg_get_indexdef(i.oid)
FROM pg_class t
JOIN pg_index x ON x.indrelid = t.oid
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_am m ON m.oid = i.relam AND m.amname = 'gist'
WHERE t.oid = format('atlas.%%I', %(table)s::text)::regclass
  AND pg_has_role(t.relowner, 'USAGE')
  AND pg_relation_size(t.oid) / 100 < %(coming)s
ORDER BY i.relname;

-- name: derive_nothing!
-- datasets whose rows point to no other record
CREATE TEMP TABLE derived (source_row integer, value bigint) ON COMMIT DROP;

-- name: fresh_buildings!
-- places of the new buildings, in spatial order
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT i.source_row, i.geom FROM pg_temp.incoming i JOIN pg_temp.verdict v ON v.source_row = i.source_row AND v.target IS NULL
WHERE EXISTS (SELECT FROM atlas.area) AND i.geom IS NOT NULL ORDER BY i.geom;

-- name: fresh_buildings_index!
CREATE INDEX ON pg_temp.fresh USING gist (geom);

-- name: derive_buildings!
-- area of the lowest level each new building lies in, the lowest id where several do (areas drive, so that
-- each is prepared once for all of its points: the other way round a file of footprints took minutes)
CREATE TEMP TABLE derived ON COMMIT DROP AS
SELECT i.source_row, NULL::bigint AS value,
       (array_agg(a.id ORDER BY array_position(ARRAY['community', 'street', 'district'], a.level), a.id))[1] AS area
FROM atlas.area a
CROSS JOIN LATERAL (SELECT f.source_row FROM pg_temp.fresh f WHERE f.geom && a.geom AND ST_Covers(a.geom, f.geom) OFFSET 0) AS i
GROUP BY i.source_row;

-- name: invalid
-- codes of polygons the database finds invalid
SELECT code FROM pg_temp.incoming WHERE NOT ST_IsValid(geom) ORDER BY source_row;

-- name: area_known!
-- every area there will be after the write, with its rank (1 = widest level)
CREATE TEMP TABLE area_known ON COMMIT DROP AS
SELECT code, geom, array_position(ARRAY['district', 'street', 'community'], level) AS rank FROM pg_temp.incoming
UNION ALL
SELECT code, geom, array_position(ARRAY['district', 'street', 'community'], level) FROM atlas.area a
WHERE NOT EXISTS (SELECT FROM pg_temp.incoming i WHERE i.code = a.code);

-- name: area_known_index!
CREATE INDEX ON pg_temp.area_known USING gist (geom);

-- name: derive_areas!
-- code of the parent of each incoming area: the declared one, else the area of the nearest wider
-- level that holds more than half of it (shares within one area: stored coordinates will do)
CREATE TEMP TABLE derived ON COMMIT DROP AS
SELECT i.source_row, coalesce(declared.code, holding.code) AS parent
FROM pg_temp.incoming i
JOIN pg_temp.area_known self ON self.code = i.code
LEFT JOIN pg_temp.area_known declared ON declared.code = i.parent_code AND declared.rank < self.rank
LEFT JOIN LATERAL (
    SELECT k.code
    FROM pg_temp.area_known k
    CROSS JOIN LATERAL ST_Area(ST_Intersection(k.geom, i.geom)) AS common
    WHERE declared.code IS NULL AND k.rank < self.rank AND k.geom && i.geom
      AND common > ST_Area(i.geom) / 2
    ORDER BY k.rank DESC, common DESC, k.code
    LIMIT 1
) holding ON true;

-- name: adopt_areas
-- areas without a parent whose parent has now come in: (id, parent id)
SELECT a.id, holding.id
FROM atlas.area a
CROSS JOIN LATERAL (
    SELECT k.id
    FROM atlas.area k
    CROSS JOIN LATERAL ST_Area(ST_Intersection(k.geom, a.geom)) AS common
    WHERE array_position(ARRAY['district', 'street', 'community'], k.level)
          < array_position(ARRAY['district', 'street', 'community'], a.level)
      AND k.geom && a.geom AND common > ST_Area(a.geom) / 2
    ORDER BY array_position(ARRAY['district', 'street', 'community'], k.level) DESC, common DESC, k.id
    LIMIT 1
) holding
WHERE a.parent_id IS NULL AND a.level <> 'district';

-- name: adopt_grids
-- grids in force without an area whose area has now come in: (id, area id)
SELECT g.id, coalesce(declared.id, holding.id)
FROM atlas.grid g
LEFT JOIN atlas.area declared ON declared.code = g.area_code
LEFT JOIN LATERAL (
    SELECT a.id
    FROM atlas.area a
    CROSS JOIN LATERAL ST_Area(ST_Intersection(a.geom, g.geom)) AS common
    WHERE declared.id IS NULL AND a.geom && g.geom AND common > 0
      AND a.level = (SELECT level FROM atlas.area
                     ORDER BY array_position(ARRAY['district', 'street', 'community'], level) DESC LIMIT 1)
    ORDER BY common DESC, a.id
    LIMIT 1
) holding ON true
WHERE g.area_id IS NULL AND g.valid_to IS NULL AND coalesce(declared.id, holding.id) IS NOT NULL;

-- name: adopt!
-- give each record the id it lacked
UPDATE {table} t SET ({column}, updated_at) = ROW(given.value, now())
FROM unnest(%(ids)s::bigint[], %(values)s::bigint[]) AS given (id, value)
WHERE t.id = given.id;

-- name: retired
-- codes of the file that were in use once and are closed
SELECT i.code
FROM pg_temp.incoming i
JOIN atlas.grid g ON g.network_id = %(network)s AND g.code = i.code
GROUP BY i.code
HAVING bool_and(g.valid_to IS NOT NULL)
ORDER BY i.code;

-- name: derive_grids!
-- area of each new or changed grid: the declared one, else the one of the lowest level that holds most of it
CREATE TEMP TABLE derived ON COMMIT DROP AS
SELECT i.source_row, coalesce(declared.id, holding.id) AS value
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND NOT v.same
LEFT JOIN atlas.area declared ON declared.code = i.area_code
LEFT JOIN LATERAL (
    SELECT a.id
    FROM atlas.area a
    CROSS JOIN LATERAL ST_Area(ST_Intersection(a.geom, i.geom)) AS common
    WHERE declared.id IS NULL AND a.geom && i.geom AND common > 0
      AND a.level = (SELECT level FROM atlas.area
                     ORDER BY array_position(ARRAY['district', 'street', 'community'], level) DESC LIMIT 1)
    ORDER BY common DESC, a.id
    LIMIT 1
) holding ON true;

-- name: close_grids!
-- the old version of a changed grid ends on the day the new one begins: the file's day when it is
-- later than the old beginning, else today
UPDATE atlas.grid t
SET valid_to = CASE WHEN i.valid_from > t.valid_from THEN i.valid_from ELSE greatest(t.valid_from, CURRENT_DATE) END,
    updated_at = now()
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND NOT v.same
WHERE t.id = v.target;

-- name: insert_grids!
-- new grids, and the next version of changed ones
INSERT INTO atlas.grid
    (network_id, code, version, name, kind, area_id, area_code, geom, valid_from, source_row, source_id)
SELECT %(network)s, i.code, coalesce(old.version, 0) + 1, i.name, i.kind, d.value, i.area_code, i.geom,
       coalesce(old.valid_to, i.valid_from, CURRENT_DATE), i.source_row, %(source)s
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND NOT v.same
JOIN pg_temp.derived d ON d.source_row = i.source_row
LEFT JOIN atlas.grid old ON old.id = v.target
ORDER BY i.geom;

-- name: derive_incidents!
-- grid of its day of each new incident and of each whose point changed: in the first comprehensive
-- network, the version in force on the day it occurred (local time), else the one in force now; the
-- lowest id where several hold it; a moved incident without any keeps none
CREATE TEMP TABLE derived ON COMMIT DROP AS
WITH first_network AS (
    SELECT id FROM atlas.network WHERE kind = 'comprehensive' ORDER BY id LIMIT 1
)
SELECT i.source_row,
       CASE WHEN t.id IS NOT NULL AND t.geom IS NOT DISTINCT FROM i.geom THEN t.grid_id ELSE held.id END AS value
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND NOT v.same
LEFT JOIN atlas.incident t ON t.id = v.target
LEFT JOIN LATERAL (
    SELECT g.id
    FROM atlas.grid g
    WHERE g.network_id = (SELECT id FROM first_network) AND ST_Covers(g.geom, i.geom)
      AND (g.valid_to IS NULL OR (i.occurred_at AT TIME ZONE 'Asia/Shanghai')::date < g.valid_to)
    ORDER BY g.valid_from <= (i.occurred_at AT TIME ZONE 'Asia/Shanghai')::date DESC NULLS LAST,
             g.valid_to NULLS FIRST, g.id
    LIMIT 1
) held ON true;

-- name: same_reporter!
-- condition that the file names whom the stored incident does, or nobody
(i.reporter = '' AND i.phone = '' OR EXISTS (SELECT FROM atlas.reporter r WHERE r.incident_id = t.id AND r.name = i.reporter AND r.phone = i.phone))

-- name: reporters!
-- who reported the incidents of the file, in a table of his own; an order that names nobody keeps whom it named
INSERT INTO atlas.reporter (incident_id, name, phone)
SELECT t.id, i.reporter, i.phone
FROM pg_temp.incoming i
JOIN pg_temp.verdict v ON v.source_row = i.source_row AND NOT v.same
JOIN atlas.incident t ON t.code = i.code
WHERE i.reporter <> '' OR i.phone <> ''
ON CONFLICT (incident_id) DO UPDATE SET name = EXCLUDED.name, phone = EXCLUDED.phone, updated_at = now()
WHERE (reporter.name, reporter.phone) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.phone);

-- name: first_grids
-- whether this network is the one incidents look at and has no grid yet
SELECT NOT EXISTS (SELECT FROM atlas.grid WHERE network_id = %(network)s)
   AND %(network)s = (SELECT id FROM atlas.network WHERE kind = 'comprehensive' ORDER BY id LIMIT 1);

-- name: adopt_incidents
-- incidents that came before any grid did, with the grid that now holds them: (id, grid id)
SELECT n.id, min(g.id)
FROM atlas.grid g
JOIN atlas.incident n ON n.geom && g.geom AND ST_Covers(g.geom, n.geom)
WHERE g.network_id = %(network)s AND g.valid_to IS NULL AND n.grid_id IS NULL
GROUP BY n.id;
