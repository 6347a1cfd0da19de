-- name: tables
-- tables of the schema with their stored columns
SELECT c.relname, array_agg(a.attname ORDER BY a.attname)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE c.relnamespace = to_regnamespace('atlas') AND c.relkind IN ('r', 'p')
GROUP BY c.relname ORDER BY c.relname;

-- name: hashed
-- rows of a table, and a hash of them in any order (two sums of half a SHA-256 each)
SELECT count(*), encode(sha256(convert_to(concat_ws(':', count(*),
    sum(('x' || encode(substr(r.hash, 1, 8), 'hex'))::bit(64)::bigint::numeric),
    sum(('x' || encode(substr(r.hash, 9, 8), 'hex'))::bit(64)::bigint::numeric)), 'UTF8')), 'hex')
FROM (SELECT sha256(convert_to(ROW({row})::text, 'UTF8')) AS hash FROM {table} t) AS r;

-- name: identities
-- identity columns with their sequences
SELECT c.relname, a.attname, s.relname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = to_regnamespace('atlas')
JOIN pg_depend d ON d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i' AND d.classid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
WHERE a.attidentity <> '' ORDER BY 1;

-- name: structure
-- everything in the schema that is not a row, one line each
SELECT 'relation', c.relname, c.relkind::text, c.relrowsecurity::text, c.relforcerowsecurity::text, c.relowner::regrole::text
FROM pg_class c WHERE c.relnamespace = to_regnamespace('atlas') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    concat(a.attnotnull, a.attidentity, a.attgenerated), pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = to_regnamespace('atlas') AND c.relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT 'policy', p.tablename, p.policyname, concat(p.permissive, p.cmd), p.roles::text, concat(p.qual, ' / ', p.with_check)
FROM pg_policies p WHERE p.schemaname = 'atlas'
UNION ALL
SELECT 'right', c.relname, x.grantee::regrole::text, x.privilege_type, x.is_grantable::text, ''
FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault(CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) x
WHERE c.relnamespace = to_regnamespace('atlas') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'column right', c.relname, a.attname, x.grantee::regrole::text, x.privilege_type, x.is_grantable::text
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) x
WHERE c.relnamespace = to_regnamespace('atlas')
UNION ALL
SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proowner::regrole::text, x.grantee::regrole::text, x.privilege_type
FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
WHERE p.pronamespace = to_regnamespace('atlas') AND p.prokind IN ('f', 'p')
UNION ALL
SELECT 'trigger', c.relname, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text, ''
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = to_regnamespace('atlas') AND NOT t.tgisinternal
UNION ALL
SELECT 'index', c.relname, pg_get_indexdef(c.oid), '', '', ''
FROM pg_class c WHERE c.relnamespace = to_regnamespace('atlas') AND c.relkind = 'i'
UNION ALL
SELECT 'constraint', r.conrelid::regclass::text, r.conname, pg_get_constraintdef(r.oid), r.convalidated::text, ''
FROM pg_constraint r WHERE r.connamespace = to_regnamespace('atlas');
