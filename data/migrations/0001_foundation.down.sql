-- Takes the foundation away again: every table and function of schema atlas that it made.
DROP TABLE history, audit, layer_version, refresh, finding, green, water, road, incident, assignment, building, excluded, grid, network, area, import CASCADE;
DROP FUNCTION keep_history(), bump_layer_version(), actor_is_known(), actor_name();
