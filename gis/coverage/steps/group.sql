-- cov_group: the areas that have grids (-1: grids without an area).
SELECT DISTINCT shell_id AS id FROM cov_home
