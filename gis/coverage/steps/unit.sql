-- cov_unit: the areas whose land is judged: all of them, or those a local run is about.
-- -1 stands for the grids of no area.
SELECT id FROM cov_area UNION ALL SELECT -1
