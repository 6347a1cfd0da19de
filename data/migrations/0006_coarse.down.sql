-- Takes away the coarse shapes; the shapes they were derived from stay as they are.
CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF current_setting('atlas.deriving', true) = 'on' THEN
        RETURN NULL; -- a derived column followed the areas: nothing was lost
    END IF;
    INSERT INTO atlas.history (relation, row_id, operation, row)
    SELECT TG_TABLE_NAME, o.id, lower(TG_OP), to_jsonb(o) - 'geom_web'
    FROM old_rows o;
    RETURN NULL;
END $$;
ALTER TABLE grid DROP COLUMN geom_far;
ALTER TABLE area DROP COLUMN geom_far;
