-- Takes away what tiles were cut from at low zooms; the records stay as they are.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['building', 'incident', 'assignment', 'finding'] LOOP
        EXECUTE format('DROP TRIGGER count_inserted ON %I', t);
        EXECUTE format('DROP TRIGGER count_updated ON %I', t);
        EXECUTE format('DROP TRIGGER count_deleted ON %I', t);
        EXECUTE format('DROP TRIGGER count_truncated ON %I', t);
    END LOOP;
END $$;
DROP TRIGGER count_updated_households ON building;
DROP TRIGGER bump_version ON network;
DROP TRIGGER bump_version ON refresh;
DROP INDEX excluded_geom_web, road_major;
DROP TABLE building_cell, incident_cell, grid_figure, grid_finding;
DROP FUNCTION count_building_cells(), count_incident_cells(), count_grid_figures(), count_grid_findings(),
    add_to_building_cells(integer[], integer[], bigint[], bigint[]),
    add_to_incident_cells(integer[], integer[], text[], bigint[]),
    recount_grids(bigint[]), cell_column(geometry), cell_row(geometry);
DELETE FROM layer_version WHERE relation IN ('grid_figure', 'grid_finding', 'network', 'refresh');
