DROP INDEX refresh_newest;
DROP INDEX finding_rule;
ALTER TABLE grid ALTER COLUMN geom SET STORAGE MAIN;
ALTER TABLE area ALTER COLUMN geom SET STORAGE MAIN;
DROP FUNCTION gap_width(geometry);
DROP FUNCTION rough_m2(geometry);
DROP FUNCTION area_m2(geometry);
DROP FUNCTION metric(geometry, double precision);
