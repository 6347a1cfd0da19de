-- Runs as atlas_owner with search_path = atlas, public.
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers CASCADE;
DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'atlas'::regnamespace AND starts_with(p.proname, 'procrastinate_') LOOP
        EXECUTE 'DROP FUNCTION ' || f.name;
    END LOOP;
END $$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type;
