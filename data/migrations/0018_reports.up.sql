-- Frozen reports: made once with their formulas and a hash, never changed; what changed afterwards
-- becomes a note. Runs as atlas_owner with search_path = atlas, public.

INSERT INTO reach VALUES ('ground', '(SELECT atlas.everywhere()) OR area_id = ANY ((SELECT atlas.scope_areas())::bigint[])', NULL),
    ('report', 'EXISTS (SELECT FROM atlas.report r WHERE r.id = report_id)', NULL);

CREATE TABLE report (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('weekly', 'hazards', 'monthly')),
    area_id bigint REFERENCES area,
    since date NOT NULL,
    until date NOT NULL,
    content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
    formulas jsonb NOT NULL CHECK (jsonb_typeof(formulas) = 'object'),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (until >= since),
    UNIQUE NULLS NOT DISTINCT (kind, area_id, since, until)
);
COMMENT ON TABLE report IS 'Frozen reports: the weekly form of disputes, the hazard ledger, the monthly table. One per kind, area and span; never changed or deleted. Texts in it are masked for everybody.';
COMMENT ON COLUMN report.area_id IS 'Area it is about, with those below it; null: the whole office.';
COMMENT ON COLUMN report.content IS 'Head, what was typed in, figures and tables: all that is printed. Whole numbers and texts only, so that it reads back as it was hashed.';
COMMENT ON COLUMN report.formulas IS 'Formulas of its indicators with their versions, by key.';
COMMENT ON COLUMN report.sha256 IS 'Of content and formulas as canonical JSON (gis/casework/reporting/canon.py); stands in the audit as well.';
CREATE INDEX report_area ON report (area_id);

CREATE TABLE report_note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_id bigint NOT NULL REFERENCES report,
    seq integer NOT NULL,
    content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (report_id, seq)
);
COMMENT ON TABLE report_note IS 'Difference notes: which figures and lines of a frozen report the records say otherwise by now, from what to what. Frozen like the report.';
COMMENT ON COLUMN report_note.seq IS 'Counts per report; a note is made only when the differences are others than the last one''s.';

CREATE FUNCTION stay_frozen() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a frozen report is neither changed nor deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION stay_frozen() IS 'Keeps frozen reports as they are, from the house itself as well.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['report', 'report_note'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE TRIGGER stay_frozen BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION stay_frozen()', t);
    END LOOP;
END $$;

SELECT guard('report', 'select', '{leader,planner,supervisor}', 'ground');
SELECT guard('report', 'insert', '{leader,supervisor}', 'ground');
SELECT guard('report_note', 'select', '{leader,planner,supervisor}', 'report');
SELECT guard('report_note', 'insert', '{leader,supervisor}', 'report');
CREATE POLICY signs ON report AS RESTRICTIVE FOR INSERT TO atlas_app WITH CHECK (actor = actor_name());
CREATE POLICY signs ON report_note AS RESTRICTIVE FOR INSERT TO atlas_app WITH CHECK (actor = actor_name());
