-- What the coverage rules measure with. Runs as atlas_owner with search_path = atlas, public.

CREATE FUNCTION metric(shape geometry, lon double precision) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN public.ST_Transform(
    public.ST_SetSRID(public.ST_Translate(shape, 111 - 3 * round(lon / 3), 0), 4490), 4546
);
COMMENT ON FUNCTION metric(geometry, double precision) IS 'The shape in metres: Gauss-Krueger on GRS80 in the 3-degree zone of longitude lon, anywhere in the world. The zone is turned onto 111 E (EPSG:4546), which a transverse Mercator on an ellipsoid of revolution does not notice, so one cached transformation serves all zones.';

CREATE FUNCTION area_m2(shape geometry) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN public.ST_Area(public.geography(shape), true);
COMMENT ON FUNCTION area_m2(geometry) IS 'Area on the ellipsoid, square metres.';

CREATE FUNCTION rough_m2(shape geometry) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN public.ST_Area(shape) * 12391000000 * greatest(cos(radians(public.ST_YMin(shape))), 0.001);
COMMENT ON FUNCTION rough_m2(geometry) IS 'Area on the sphere to about one percent, square metres: cheap enough to sift dust with before the true area is measured.';

CREATE FUNCTION gap_width(shape geometry) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    part geometry;
    best double precision := 0;
    low double precision;
    high double precision;
    middle double precision;
    area double precision;
    border double precision;
BEGIN
    FOR part IN
        SELECT d.geom FROM public.ST_Dump(atlas.metric(shape, (public.ST_XMin(shape) + public.ST_XMax(shape)) / 2)) d
        WHERE public.ST_Dimension(d.geom) = 2
        ORDER BY public.ST_Area(d.geom) DESC
    LOOP
        area := public.ST_Area(part);
        border := public.ST_Perimeter(part);
        high := sqrt(area / pi());
        CONTINUE WHEN area <= 0 OR high <= best;
        IF border * greatest(public.ST_XMax(part) - public.ST_XMin(part), public.ST_YMax(part) - public.ST_YMin(part)) < 20 * area THEN
            best := greatest(best, (public.ST_MaximumInscribedCircle(part)).radius);
            CONTINUE;
        END IF;
        -- Long and thin: the function above works to a thousandth of the length, which may be
        -- more than the width. A disc of radius r fits while the part shrunk by r is not empty.
        low := CASE WHEN public.ST_NumInteriorRings(part) = 0 THEN area / border ELSE 0 END;
        FOR step IN 1 .. 16 LOOP
            EXIT WHEN high - low <= 0.005 * high;
            middle := (low + high) / 2;
            IF public.ST_IsEmpty(public.ST_Buffer(part, -middle)) THEN
                high := middle;
            ELSE
                low := middle;
            END IF;
        END LOOP;
        best := greatest(best, (low + high) / 2);
    END LOOP;
    RETURN 2 * best;
END $$;
COMMENT ON FUNCTION gap_width(geometry) IS 'Width of a polygon in metres: twice the radius of the largest circle that fits into any of its parts, to one percent; null for null, 0 for what has no area.';

GRANT EXECUTE ON FUNCTION metric(geometry, double precision), area_m2(geometry), rough_m2(geometry), gap_width(geometry) TO atlas_app, atlas_read;

-- Borders are read again and again by the rules: not compressed they are read faster.
ALTER TABLE area ALTER COLUMN geom SET STORAGE EXTERNAL;
ALTER TABLE grid ALTER COLUMN geom SET STORAGE EXTERNAL;

CREATE INDEX finding_rule ON finding (network_id, rule);
CREATE INDEX refresh_newest ON refresh (network_id, id DESC);
