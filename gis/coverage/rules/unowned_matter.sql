-- Categories of incidents (open, or of the last unowned_days) that no unit leads, or two, by the list of
-- duties in force on the incident's day: one row per kind and category. The items of the nearest
-- division go before wider ones: community, street, district, whole office; an item may name several
-- categories. Nothing is judged without any list, nor on a day on which no item of any version was in
-- force, and only in the network whose grids the incidents carry. Incidents without a category are left out.
WITH span AS (
    SELECT n.at - make_interval(days => p.value::integer) AS begins, n.at AS ends, n.day
    FROM cov_now AS n, cov_param AS p
    WHERE p.key = 'unowned_days' AND EXISTS (SELECT FROM cov_duty)
      AND EXISTS (SELECT FROM cov_incident WHERE grid_code IS NOT NULL)
),
home AS (
    SELECT g.code, h.area_id FROM cov_grid AS g JOIN cov_home AS h ON h.grid_id = g.id WHERE h.area_id IS NOT NULL
),
change AS ( -- days on which the list changes: between two of them it answers the same
    SELECT array_agg(day ORDER BY day) AS days
    FROM (SELECT valid_from AS day FROM cov_duty UNION SELECT valid_to + 1 FROM cov_duty WHERE valid_to IS NOT NULL) AS d
),
pending AS MATERIALIZED (
    SELECT i.id, i.code, i.kind, i.category, i.closed_at IS NULL OR i.closed_at > s.ends AS open, i.occurred_at, i.geom, h.area_id,
        d.day, width_bucket(d.day, c.days) AS period
    FROM span AS s
    CROSS JOIN change AS c
    JOIN cov_incident AS i ON i.occurred_at IS NULL OR i.occurred_at <= s.ends
    CROSS JOIN LATERAL (SELECT coalesce((i.occurred_at AT TIME ZONE 'Asia/Shanghai')::date, s.day) AS day) AS d
    LEFT JOIN home AS h ON h.code = i.grid_code
    WHERE i.category <> '' AND (i.closed_at IS NULL OR i.closed_at > s.ends OR i.occurred_at > s.begins)
),
lost AS ( -- those in no grid of today, by their place
    SELECT p.id, min(a.id) AS area_id
    FROM cov_area AS a
    JOIN pending AS p ON p.area_id IS NULL AND p.geom && a.geom AND ST_Covers(a.geom, p.geom)
    GROUP BY p.id
),
placed AS MATERIALIZED (
    SELECT p.id, p.code, p.kind, p.category, p.open, p.occurred_at, p.geom, p.day, p.period,
        coalesce(p.area_id, l.area_id, 0) AS area_id
    FROM pending AS p LEFT JOIN lost AS l ON l.id = p.id
),
asked AS MATERIALIZED (
    SELECT kind, category, area_id, period, min(day) AS day, max(day) AS last_day, count(*)::integer AS incidents,
        count(*) FILTER (WHERE open)::integer AS open
    FROM placed
    GROUP BY kind, category, area_id, period
),
division AS (
    SELECT area_id, code, depth FROM cov_division
    UNION ALL
    SELECT DISTINCT area_id, '', 1000 FROM asked
),
answered AS (
    SELECT q.kind, q.category, q.area_id, q.period, d.code, btrim(d.lead) AS lead,
        v.depth = min(v.depth) OVER (PARTITION BY q.kind, q.category, q.area_id, q.period) AS nearest
    FROM asked AS q
    JOIN division AS v ON v.area_id = q.area_id
    JOIN cov_duty AS d ON d.kind = q.kind AND d.category = q.category AND coalesce(d.area_code, '') = v.code
        AND d.valid_from <= q.day AND (d.valid_to IS NULL OR d.valid_to >= q.day)
),
verdict AS (
    SELECT q.*, count(n.code) AS items, count(DISTINCT nullif(n.lead, '')) AS leads
    FROM asked AS q
    LEFT JOIN answered AS n ON n.nearest AND (n.kind, n.category, n.area_id, n.period) = (q.kind, q.category, q.area_id, q.period)
    GROUP BY q.kind, q.category, q.area_id, q.period, q.day, q.last_day, q.incidents, q.open
),
unowned AS (
    SELECT kind, category, area_id, period, day, last_day, incidents, open,
        CASE WHEN leads > 1 THEN 'several' WHEN items = 0 THEN 'missing' ELSE 'blank' END AS fault
    FROM verdict AS v
    WHERE leads <> 1 AND EXISTS (SELECT FROM cov_duty AS d WHERE d.valid_from <= v.day AND (d.valid_to IS NULL OR d.valid_to >= v.day))
),
sums AS (
    SELECT kind, category, sum(incidents)::integer AS incidents, sum(open)::integer AS open,
        count(DISTINCT area_id)::integer AS areas, min(area_id) AS area_id, min(day) AS first_day, max(last_day) AS last_day,
        CASE WHEN count(DISTINCT fault) = 1 THEN min(fault) ELSE 'mixed' END AS fault
    FROM unowned GROUP BY kind, category
    HAVING sum(incidents) >= (SELECT value FROM cov_param WHERE key = 'unowned_incidents_min')
),
examples AS (
    SELECT kind, category, ST_Multi(ST_Collect(geom)) AS geom, (array_agg(code ORDER BY rank))[1:5] AS codes
    FROM (
        SELECT p.kind, p.category, p.geom, p.code,
            row_number() OVER (PARTITION BY p.kind, p.category ORDER BY p.occurred_at DESC NULLS LAST, p.id) AS rank
        FROM placed AS p
        JOIN unowned AS u ON (u.kind, u.category, u.area_id, u.period) = (p.kind, p.category, p.area_id, p.period)
    ) AS r
    WHERE rank <= 200
    GROUP BY kind, category
),
claims AS ( -- the units that contradict each other, with their items
    SELECT n.kind, n.category, array_agg(DISTINCT n.code) AS items,
        array_agg(DISTINCT n.lead) FILTER (WHERE n.lead <> '') AS units
    FROM answered AS n JOIN unowned AS u USING (kind, category, area_id, period)
    WHERE n.nearest
    GROUP BY n.kind, n.category
),
known AS ( -- who led it on another day or elsewhere, then who assists
    SELECT kind, category, array_agg(unit ORDER BY weight, last DESC NULLS FIRST, unit) AS units
    FROM (
        SELECT d.kind, d.category, btrim(x.unit) AS unit, min(x.weight) AS weight, max(coalesce(d.valid_to, 'infinity'::date)) AS last
        FROM cov_duty AS d
        CROSS JOIN LATERAL (
            SELECT d.lead AS unit, 1 AS weight
            UNION ALL
            SELECT a, 2 FROM regexp_split_to_table(d.assists, '[、,,;;]') AS a
        ) AS x
        WHERE btrim(x.unit) <> ''
        GROUP BY 1, 2, 3
    ) AS k
    GROUP BY kind, category
)
SELECT
    'warn' AS severity,
    e.geom,
    jsonb_build_object(
        'area_m2', 0, 'buildings', 0, 'households', 0, 'incidents', s.incidents, 'open', s.open, 'areas', s.areas
    ) AS measure,
    jsonb_build_object(
        'kind', s.kind, 'category', s.category, 'fault', s.fault, 'first_day', s.first_day, 'last_day', s.last_day,
        'units', coalesce(to_jsonb(c.units), '[]'), 'items', coalesce(to_jsonb(c.items), '[]'), 'examples', to_jsonb(e.codes)
    ) AS subjects,
    '{}'::text[] AS grid_codes,
    '{}'::bigint[] AS building_ids,
    CASE WHEN s.areas = 1 THEN nullif(s.area_id, 0) END AS area_id,
    jsonb_build_array(jsonb_build_object(
        'action', 'list_meeting', 'kind', s.kind, 'category', s.category, 'units', coalesce(to_jsonb(k.units[1:3]), '[]')
    )) AS remedies
FROM sums AS s
JOIN examples AS e USING (kind, category)
LEFT JOIN claims AS c USING (kind, category)
LEFT JOIN known AS k USING (kind, category)
ORDER BY s.kind, s.category
