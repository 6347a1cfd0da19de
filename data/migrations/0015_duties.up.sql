-- The duty list in versions, the monthly list meeting, and whistles (网格吹哨、街社报到; 街道吹哨、部门报到).
-- Runs as atlas_owner with search_path = atlas, public.

-- versions of the duty list -----------------------------------------------------------------------

CREATE TABLE duty_list (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (btrim(name) <> ''),
    version text NOT NULL CHECK (btrim(version) <> ''),
    approved_by text NOT NULL DEFAULT '',
    approved_on date,
    document text NOT NULL DEFAULT '',
    valid_from date NOT NULL,
    valid_to date,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (name, version),
    CHECK (valid_to IS NULL OR valid_to >= valid_from - 1)
);
COMMENT ON TABLE duty_list IS 'Versions of the duty list (权责清单): who approved it, in force from a day to a day (the last day counts). A version ends all that was in force before its first day.';
COMMENT ON COLUMN duty_list.valid_to IS 'Last day; the day before the first: replaced before it was ever in force.';
COMMENT ON COLUMN duty_list.document IS 'Number or title of the paper that put it into force.';
CREATE INDEX duty_list_valid ON duty_list (valid_from DESC);

ALTER TABLE duty
    ADD COLUMN list_id bigint REFERENCES duty_list,
    ADD COLUMN number text NOT NULL DEFAULT '',
    ADD COLUMN domain text NOT NULL DEFAULT '',
    ADD COLUMN task text NOT NULL DEFAULT '',
    ADD COLUMN categories text[] NOT NULL GENERATED ALWAYS AS (
        CASE WHEN category ~ '[、，,;；\n]'
            THEN array_remove(ARRAY[btrim(category)] || regexp_split_to_array(btrim(category, E' \n'), '\s*[、，,;；\n]\s*'), '')
            WHEN btrim(category) = '' THEN '{}' ELSE ARRAY[btrim(category)] END) STORED;
COMMENT ON COLUMN duty.list_id IS 'Version it stands in; null for what was decided or taken in besides.';
COMMENT ON COLUMN duty.number IS 'Number as the list prints it.';
COMMENT ON COLUMN duty.domain IS 'Field of work (领域).';
COMMENT ON COLUMN duty.task IS 'What exactly the assisting side does.';
COMMENT ON COLUMN duty.categories IS 'Small classes it matches: its category as it is written, and the parts of it where it names several (、 , ; between them).';
COMMENT ON COLUMN duty.valid_to IS 'Last day; the day before the first: replaced before it was ever in force.';
DO $$
DECLARE known text;
BEGIN
    SELECT conname INTO STRICT known FROM pg_constraint WHERE conrelid = 'atlas.duty'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%valid_to%';
    EXECUTE format('ALTER TABLE duty DROP CONSTRAINT %I', known);
END $$;
ALTER TABLE duty ADD CONSTRAINT duty_days CHECK (valid_to IS NULL OR valid_to >= valid_from - 1);
CREATE INDEX duty_categories ON duty USING gin (categories) WITH (fastupdate = off);
CREATE INDEX duty_list_id ON duty (list_id);
CREATE FUNCTION duties_of(kind text, category text) RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT d.id FROM duty d WHERE d.kind = duties_of.kind AND d.categories @> ARRAY[duties_of.category]
$$;
COMMENT ON FUNCTION duties_of(text, text) IS 'Numbers of the items that match a category. Under a policy no index is used to look into an array; the rows themselves are read under the policy, by number.';
COMMENT ON TABLE duty IS 'Items of the duty list (权责清单): which unit leads for a category, in the whole street or in one area, from a day to a day (the last day counts).';

-- the monthly list meeting --------------------------------------------------------------------------

CREATE TABLE meeting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    held_on date NOT NULL,
    place text NOT NULL DEFAULT '',
    chair text NOT NULL DEFAULT '',
    attendees text NOT NULL DEFAULT '',
    minutes text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'held')),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE meeting IS 'List meetings (清单会商): units settle there whose a matter is.';
COMMENT ON COLUMN meeting.attendees IS 'Units and offices present; no private persons.';

CREATE TABLE agenda (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('matter', 'hazard', 'dispute', 'enforcement')),
    category text NOT NULL CHECK (btrim(category) <> ''),
    area_code text,
    problem text NOT NULL CHECK (problem IN ('none', 'several', 'disputed')),
    sources text[] NOT NULL DEFAULT '{}' CHECK (sources <@ ARRAY['case', 'coverage', 'whistle', 'hand']),
    incidents integer NOT NULL DEFAULT 0 CHECK (incidents >= 0),
    open integer NOT NULL DEFAULT 0 CHECK (open >= 0),
    examples text[] NOT NULL DEFAULT '{}',
    units text[] NOT NULL DEFAULT '{}',
    note text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'decided', 'dropped')),
    meeting_id bigint REFERENCES meeting,
    decision text NOT NULL DEFAULT '',
    duty_id bigint REFERENCES duty,
    decided_at timestamptz,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK (duty_id IS NULL OR state = 'decided')
);
COMMENT ON TABLE agenda IS 'Matters without an owner, for the list meeting: collected from cases, from the findings of unowned_matter and from refused whistles, or put there by hand; with the decision and the item of the list it became.';
COMMENT ON COLUMN agenda.problem IS 'none: no unit leads; several: the list names more than one; disputed: units refused or sent back what the list gives them.';
COMMENT ON COLUMN agenda.incidents IS 'Cases it stands for when it was last collected; open are those not closed. Counted anew, not added up.';
COMMENT ON COLUMN agenda.examples IS 'Codes of a few of them.';
COMMENT ON COLUMN agenda.units IS 'Units that contradict each other, refused, or led it before.';
CREATE UNIQUE INDEX agenda_open ON agenda (kind, category, coalesce(area_code, '')) WHERE state = 'open';
CREATE INDEX agenda_category ON agenda (kind, category);
CREATE INDEX agenda_meeting ON agenda (meeting_id);

-- whistles ------------------------------------------------------------------------------------------

CREATE TABLE whistle (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('grid', 'street')),
    occasion text NOT NULL CHECK (occasion IN ('problem', 'enforcement', 'emergency')),
    state text NOT NULL DEFAULT 'drafted' CHECK (state IN ('drafted', 'called', 'arrived', 'handled', 'rated', 'refused', 'dropped')),
    seq integer NOT NULL DEFAULT 1,
    title text NOT NULL,
    effort text NOT NULL,
    address text NOT NULL DEFAULT '',
    matter text CHECK (matter IN ('matter', 'hazard', 'dispute', 'enforcement')),
    category text NOT NULL DEFAULT '',
    incident_id bigint REFERENCES incident ON DELETE SET NULL,
    duty_id bigint REFERENCES duty,
    units text[] NOT NULL CHECK (units <> '{}'),
    blower_id bigint REFERENCES account ON DELETE SET NULL,
    approver_id bigint REFERENCES account ON DELETE SET NULL,
    approved_at timestamptz,
    wanted_at timestamptz,
    handled_at timestamptz,
    rating text CHECK (rating IN ('good', 'fair', 'bad')),
    returns integer NOT NULL DEFAULT 0,
    geom geometry(Point, 4490),
    geom_web geometry(Point, 3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    area_id bigint REFERENCES area ON DELETE SET NULL,
    grid_id bigint REFERENCES grid ON DELETE SET NULL,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE whistle IS 'Whistles: a grid calls street offices and community (grid: 网格吹哨、街社报到), the street calls departments (street: 街道吹哨、部门报到). State and unit rows are what the events say.';
COMMENT ON COLUMN whistle.occasion IS 'problem: strongly felt and beyond the caller''s means (重点难题); enforcement: powers the caller lacks (综合执法); emergency (应急处置).';
COMMENT ON COLUMN whistle.effort IS 'What the caller did himself before (自行处置情况): no whistle without it.';
COMMENT ON COLUMN whistle.units IS 'Lead first, then those that assist; whoever was excused is no longer among them. Read by the rights of departments.';
COMMENT ON COLUMN whistle.wanted_at IS 'Until when the units are wanted on the spot.';
COMMENT ON COLUMN whistle.returns IS 'How often the result was sent back.';
CREATE INDEX whistle_area ON whistle (area_id, state);
CREATE INDEX whistle_grid ON whistle (grid_id);
CREATE INDEX whistle_incident ON whistle (incident_id);
CREATE INDEX whistle_units ON whistle USING gin (units) WITH (fastupdate = off);
CREATE INDEX whistle_live ON whistle (wanted_at, id) WHERE state IN ('drafted', 'called', 'arrived', 'handled', 'refused');
CREATE INDEX whistle_geom_web ON whistle USING gist (geom_web);
CREATE INDEX whistle_category ON whistle (matter, category);

CREATE TABLE whistle_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    whistle_id bigint NOT NULL REFERENCES whistle ON DELETE CASCADE,
    seq integer NOT NULL,
    act text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL DEFAULT actor_name(),
    unit text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    geom geometry(Point, 4490),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (whistle_id, seq)
);
COMMENT ON TABLE whistle_event IS 'Every step of a whistle: who, when, where, what. Append-only by privilege; seq counts per whistle without gaps.';

CREATE TABLE whistle_unit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    whistle_id bigint NOT NULL REFERENCES whistle ON DELETE CASCADE,
    unit text NOT NULL CHECK (btrim(unit) <> ''),
    part text NOT NULL CHECK (part IN ('lead', 'assist')),
    standing text NOT NULL DEFAULT 'called' CHECK (standing IN ('called', 'arrived', 'refused', 'excused')),
    bound boolean NOT NULL DEFAULT false,
    arrived_at timestamptz,
    geom geometry(Point, 4490),
    away_m double precision,
    doubts text[] NOT NULL DEFAULT '{}' CHECK (doubts <@ ARRAY['far', 'no_place', 'behalf']),
    answer text NOT NULL DEFAULT '',
    refusal text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (whistle_id, unit)
);
COMMENT ON TABLE whistle_unit IS 'The units a whistle calls: who came when and from where, who refused and why.';
COMMENT ON COLUMN whistle_unit.bound IS 'It refused and the arbitration said that it comes: it does not refuse again.';
COMMENT ON COLUMN whistle_unit.away_m IS 'Metres between the sign-in and the place of the whistle.';
COMMENT ON COLUMN whistle_unit.doubts IS 'Questions about the sign-in, no penalty: far from the place, without a place, or written by another than the unit; answer says what was found out.';
COMMENT ON COLUMN whistle_unit.refusal IS 'Why it said the matter is not its; kept whatever the arbitration said.';

CREATE SEQUENCE whistle_number;
CREATE FUNCTION settle_whistle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    linked incident;
    day date := (coalesce(NEW.created_at, now()) AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    SELECT i.* INTO linked FROM incident i WHERE i.id = NEW.incident_id;
    IF TG_OP = 'INSERT' THEN
        NEW.code := 'S' || to_char(today(), 'YYYYMMDD') || '-' || lpad(nextval('whistle_number')::text, 4, '0');
    END IF;
    NEW.geom := coalesce(NEW.geom, linked.geom);
    NEW.area_id := coalesce(area_at(NEW.geom), linked.area_id);
    NEW.grid_id := coalesce((SELECT grid_version(first_network(), grid_at(first_network(), NEW.geom, day), day) WHERE NEW.geom IS NOT NULL), linked.grid_id);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION settle_whistle() IS 'Numbers a whistle and gives it its place, its area and the grid of its day, whatever its writer says; of a case: the case''s where it has none of its own.';
CREATE TRIGGER settle_new BEFORE INSERT OR UPDATE OF code, geom, incident_id, area_id, grid_id ON whistle FOR EACH ROW EXECUTE FUNCTION settle_whistle();

-- who may -------------------------------------------------------------------------------------------

INSERT INTO reach VALUES
    ('whistled', 'EXISTS (SELECT FROM atlas.whistle w WHERE w.id = {relation}.whistle_id)', NULL);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['duty_list', 'meeting', 'agenda', 'whistle', 'whistle_event', 'whistle_unit'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        CONTINUE WHEN t = 'whistle_event';
        EXECUTE format('CREATE TRIGGER keep_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
        EXECUTE format('CREATE TRIGGER keep_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
    END LOOP;
    CREATE TRIGGER bump_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON whistle FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version();
END $$;
REVOKE EXECUTE ON FUNCTION settle_whistle(), duties_of(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION duties_of(text, text) TO atlas_app;

SELECT guard(t, 'select', '{leader,planner,supervisor,worker,department}', 'all') FROM unnest(ARRAY['duty_list', 'meeting', 'agenda']) AS t;
SELECT guard(t, o, '{supervisor}', 'office') FROM unnest(ARRAY['duty_list', 'meeting', 'agenda']) AS t, unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('whistle', 'select', '{leader,planner,supervisor,worker}', 'file');
SELECT guard('whistle', 'select', '{department}', 'unit');
SELECT guard('whistle', 'insert', '{leader,supervisor,worker}', 'incident');
SELECT guard('whistle', 'update', '{leader,supervisor,worker}', 'file');
SELECT guard('whistle', 'update', '{department}', 'unit');
SELECT guard('whistle_event', 'select', '{leader,planner,supervisor,worker,department}', 'whistled');
SELECT guard('whistle_event', 'insert', '{leader,supervisor,worker,department}', 'whistled');
CREATE POLICY signs ON whistle_event AS RESTRICTIVE FOR INSERT TO atlas_app WITH CHECK (actor = actor_name());
SELECT guard('whistle_unit', 'select', '{leader,planner,supervisor,worker,department}', 'whistled');
SELECT guard('whistle_unit', o, '{leader,supervisor,worker,department}', 'whistled') FROM unnest(ARRAY['insert', 'update']) AS o;
