-- Takes away the sums per area; the grids and their figures stay as they are.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['grid', 'grid_figure', 'grid_finding'] LOOP
        EXECUTE format('DROP TRIGGER sum_inserted ON %I', t);
        EXECUTE format('DROP TRIGGER sum_updated ON %I', t);
        EXECUTE format('DROP TRIGGER sum_deleted ON %I', t);
        EXECUTE format('DROP TRIGGER sum_truncated ON %I', t);
    END LOOP;
END $$;
DROP FUNCTION area_sums(bigint, text[], geometry);
DROP FUNCTION count_area_figures();
DROP FUNCTION recount_areas(bigint[], bigint[], text[]);
DROP TABLE area_figure;
