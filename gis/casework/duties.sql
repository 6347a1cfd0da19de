-- What an item of the duty list went through.

-- name: disputes
-- where units differed about a kind and category: at list meetings, over whistles, in cases sent back; the latest first
SELECT at, source, code, units, said, outcome FROM (
    SELECT coalesce(g.decided_at, g.last_seen) AS at, 'meeting' AS source, g.id::text AS code, g.units, g.note AS said,
        CASE g.state WHEN 'open' THEN '' ELSE g.decision END AS outcome
    FROM atlas.agenda AS g WHERE g.kind = %(kind)s AND g.category = ANY (%(categories)s::text[])
    UNION ALL
    SELECT e.at, 'whistle', w.code, ARRAY[e.unit], atlas.shown(e.note),
        coalesce((SELECT concat_ws(': ', r.data ->> 'result', atlas.shown(r.note)) FROM atlas.whistle_event AS r
            WHERE r.whistle_id = e.whistle_id AND r.act = 'arbitrate' AND r.unit = e.unit AND r.seq > e.seq ORDER BY r.seq LIMIT 1), '')
    FROM atlas.whistle_event AS e JOIN atlas.whistle AS w ON w.id = e.whistle_id
    WHERE e.act = 'refuse' AND w.matter = %(kind)s AND w.category = ANY (%(categories)s::text[])
    UNION ALL
    SELECT e.at, 'case', i.code, CASE WHEN e.unit = '' THEN c.units ELSE ARRAY[e.unit] END, atlas.shown(e.note), ''
    FROM atlas.casefile AS c JOIN atlas.case_event AS e ON e.incident_id = c.incident_id AND e.act = 'return' JOIN atlas.incident AS i ON i.id = c.incident_id
    WHERE c.returns > 0 AND c.kind = %(kind)s AND c.category = ANY (%(categories)s::text[])
) AS d ORDER BY at DESC LIMIT %(limit)s;

-- name: item
-- kind and categories of an item, by its number or its code
SELECT d.kind, d.categories FROM atlas.duty AS d WHERE d.id::text = %(item)s OR d.code = %(item)s ORDER BY d.id::text = %(item)s DESC LIMIT 1;
