-- Runs as atlas_owner with search_path = atlas, public.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['building', 'incident', 'grid', 'area', 'excluded', 'road', 'water', 'post', 'leave', 'visit', 'track'] LOOP
        EXECUTE format('DROP TRIGGER dirty_inserted ON %I', t);
        EXECUTE format('DROP TRIGGER dirty_updated ON %I', t);
        EXECUTE format('DROP TRIGGER dirty_deleted ON %I', t);
        EXECUTE format('DROP TRIGGER dirty_truncated ON %I', t);
    END LOOP;
END $$;
DROP TRIGGER dirty_changed ON duty;
DROP TRIGGER dirty_updated ON network;
DROP INDEX building_declared, grid_area_code, grid_geom_in_force;
DROP FUNCTION mark_building(), mark_incident(), mark_grid(), mark_area(), mark_shape(), mark_person(), mark_visit(), mark_track(), mark_duty(), mark_network();
DROP FUNCTION add_dirty(text, bigint[], boolean, bigint[], text[], geometry, integer);
DROP TABLE run, dirty;
