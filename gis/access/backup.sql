-- name: facts
-- the snapshot's name for pg_dump, PostGIS, both ends of the audit
SELECT pg_export_snapshot(), (SELECT extversion FROM pg_extension WHERE extname = 'postgis'), h.seq, encode(h.hash, 'hex')
FROM (VALUES (1)) AS one LEFT JOIN atlas.audit_head h ON true;

-- name: head
SELECT h.seq, encode(h.hash, 'hex') FROM atlas.audit_head h;

-- name: checked_again!
UPDATE atlas.backup SET checked_at = CASE WHEN :checked THEN now() ELSE checked_at END WHERE sha256 = :sha256;

-- name: add!
INSERT INTO atlas.backup (at, file, bytes, sha256, counts, checked_at)
VALUES (:at, :file, :bytes, :sha256, :counts, CASE WHEN :checked THEN now() END);

-- name: is_empty
-- whether an office holds nothing that a restore would destroy
SELECT NOT (EXISTS (SELECT FROM atlas.area) OR EXISTS (SELECT FROM atlas.grid) OR EXISTS (SELECT FROM atlas.building)
    OR EXISTS (SELECT FROM atlas.incident) OR EXISTS (SELECT FROM atlas.account));

-- name: clear!
-- takes all of schema atlas away, but not the schema
DO $$
DECLARE
    thing record;
    name text;
    -- Named before anything goes: what a cascade took along has no name any more.
    routines text[] := (SELECT coalesce(array_agg(p.oid::regprocedure::text), '{}') FROM pg_proc p
        WHERE p.pronamespace = 'atlas'::regnamespace AND p.prokind <> 'a');
BEGIN
    FOR thing IN SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind
        FROM pg_class c WHERE c.relnamespace = 'atlas'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') LOOP
        EXECUTE format('DROP %s IF EXISTS atlas.%I CASCADE', thing.kind, thing.relname);
    END LOOP;
    FOREACH name IN ARRAY routines LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', name);
    END LOOP;
    FOR thing IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'atlas'::regnamespace AND c.relkind = 'S' LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS atlas.%I CASCADE', thing.relname);
    END LOOP;
    FOR thing IN SELECT t.typname FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE t.typnamespace = 'atlas'::regnamespace AND (t.typtype IN ('d', 'e') OR c.relkind = 'c') LOOP
        EXECUTE format('DROP TYPE IF EXISTS atlas.%I CASCADE', thing.typname);
    END LOOP;
END $$;

-- name: settle!
-- nobody stays signed in, and every tile drawn before is old
WITH ended AS (UPDATE atlas.login_session SET ended_at = now(), ending = 'revoked' WHERE ended_at IS NULL)
UPDATE atlas.layer_version SET version = greatest(version, extract(epoch FROM now())::bigint);
