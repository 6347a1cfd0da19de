-- Coarse shapes of areas and grids for maps far out: a tile of zoom 10 meets thousands of
-- shapes of some pixels each, whose every vertex would be read, clipped and checked. Derived
-- from the shape itself, so no trigger has to keep them. Runs as atlas_owner with
-- search_path = atlas, public.

ALTER TABLE area ADD COLUMN geom_far geometry(MultiPolygon, 3857)
    GENERATED ALWAYS AS (ST_Simplify(ST_Transform(geom, 3857), 10, true)) STORED;
COMMENT ON COLUMN area.geom_far IS 'The shape for maps far out (zoom 11 and below): no border further than 10 Web Mercator metres from the true one. For drawing only: it may cross itself.';

ALTER TABLE grid ADD COLUMN geom_far geometry(MultiPolygon, 3857)
    GENERATED ALWAYS AS (ST_Simplify(ST_Transform(geom, 3857), 10, true)) STORED;
COMMENT ON COLUMN grid.geom_far IS 'The shape for maps far out (zoom 11 and below): no border further than 10 Web Mercator metres from the true one. For drawing only: it may cross itself.';

-- What is only derived is not kept in the history.
CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF current_setting('atlas.deriving', true) = 'on' THEN
        RETURN NULL; -- a derived column followed the areas: nothing was lost
    END IF;
    INSERT INTO atlas.history (relation, row_id, operation, row)
    SELECT TG_TABLE_NAME, o.id, lower(TG_OP), to_jsonb(o) - 'geom_web' - 'geom_far'
    FROM old_rows o;
    RETURN NULL;
END $$;
