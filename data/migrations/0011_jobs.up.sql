-- The queue of jobs: the tables and functions of procrastinate, as the pinned version ships them, in schema
-- atlas, closed to everybody but the owner. A newer version brings its own steps: they get a migration.
-- Runs as atlas_owner with search_path = atlas, public.

-- include procrastinate sql/schema.sql

-- what they are, and who may -----------------------------------------------------------------------

COMMENT ON TABLE procrastinate_jobs IS 'Jobs of the worker: what waits, what runs, what failed; those that succeeded are deleted.';
COMMENT ON TABLE procrastinate_workers IS 'Worker processes with their last sign of life.';
COMMENT ON TABLE procrastinate_events IS 'What became of each job, and when.';
COMMENT ON TABLE procrastinate_periodic_defers IS 'When periodic jobs were last put into the queue.';

DO $$
DECLARE t text; f record;
BEGIN
    FOREACH t IN ARRAY ARRAY['procrastinate_jobs', 'procrastinate_workers', 'procrastinate_events', 'procrastinate_periodic_defers'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'atlas'::regnamespace AND starts_with(p.proname, 'procrastinate_') LOOP
        EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f.name || ' FROM PUBLIC';
    END LOOP;
END $$;
