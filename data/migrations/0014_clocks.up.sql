-- Clocks: the office's own holidays, hours and limits, the clocks of each case, and categories in
-- versions with a search. Runs as atlas_owner with search_path = atlas, public.

-- calendar and limits, as the office itself says them ---------------------------------------------

CREATE TABLE holiday (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL UNIQUE,
    working boolean NOT NULL,
    name text NOT NULL DEFAULT '',
    source text NOT NULL CHECK (btrim(source) <> ''),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE holiday IS 'Days the office works or rests by its own word: a new year''s notice, local holidays, emergencies. Other days are those the State Council publishes, then Monday to Friday.';
COMMENT ON COLUMN holiday.working IS 'Worked (a Sunday that makes up for another day) or not.';
COMMENT ON COLUMN holiday.name IS 'Public holiday it belongs to; empty for a plain day off.';

CREATE TABLE office_hours (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    begins time NOT NULL,
    ends time NOT NULL,
    season_from text NOT NULL DEFAULT '01-01' CHECK (season_from ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
    season_to text NOT NULL DEFAULT '12-31' CHECK (season_to ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
    valid_from date NOT NULL,
    valid_to date,
    source text NOT NULL CHECK (btrim(source) <> ''),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (ends > begins),
    CHECK (valid_to IS NULL OR valid_to >= valid_from - 1)
);
COMMENT ON TABLE office_hours IS 'Hours the office works, one row per stretch of the day, in its own zone; while it has none in force those of data/reference/hours.csv hold.';
COMMENT ON COLUMN office_hours.season_from IS 'First day of the part of the year it holds (month-day); with season_to it may go over New Year.';
COMMENT ON COLUMN office_hours.valid_to IS 'Last day; the day before the first: replaced before it was ever in force.';

CREATE TABLE time_limit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    standard text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind IN ('matter', 'hazard', 'dispute', 'enforcement')),
    category text NOT NULL DEFAULT '',
    level smallint CHECK (level BETWEEN 1 AND 4),
    channel text NOT NULL DEFAULT '',
    stage text NOT NULL CHECK (stage IN ('accept', 'dispatch', 'handle', 'check', 'close', 'total', 'decide', 'deliver', 'confirm')),
    clock text NOT NULL CHECK (clock IN ('urgent_hour', 'work_hour', 'work_day', 'natural_day')),
    amount numeric(9, 3) CHECK (amount > 0),
    warn_share numeric(4, 3) NOT NULL DEFAULT 0.8 CHECK (warn_share > 0 AND warn_share <= 1),
    valid_from date NOT NULL,
    valid_to date,
    source text NOT NULL CHECK (btrim(source) <> ''),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_to IS NULL OR valid_to >= valid_from - 1)
);
COMMENT ON TABLE time_limit IS 'How long each stage of a case may take, as the office says it, from a day to a day (the last day counts); goes before data/reference/limits.csv.';
COMMENT ON COLUMN time_limit.category IS 'Small class; empty: all. So with level and channel.';
COMMENT ON COLUMN time_limit.amount IS 'Hours or days, by the clock; null: there is no limit.';
COMMENT ON COLUMN time_limit.warn_share IS 'Part of it after which a case is shown as near its end (yellow).';
CREATE INDEX time_limit_kind ON time_limit (kind);

-- the clocks of a case ------------------------------------------------------------------------------

CREATE TABLE case_clock (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    stage text NOT NULL CHECK (stage IN ('accept', 'dispatch', 'handle', 'check', 'close', 'total', 'decide', 'deliver', 'confirm')),
    round smallint NOT NULL DEFAULT 1,
    kind text CHECK (kind IN ('urgent_hour', 'work_hour', 'work_day', 'natural_day', 'fixed')),
    amount numeric(9, 3),
    extra numeric(15, 9) NOT NULL DEFAULT 0 CHECK (extra >= 0),
    warn_share numeric(4, 3) NOT NULL DEFAULT 0.8,
    source text NOT NULL DEFAULT '',
    starts_at timestamptz NOT NULL,
    due_at timestamptz,
    warn_at timestamptz,
    pauses tstzmultirange NOT NULL DEFAULT '{}',
    ended_at timestamptz,
    provisional boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (incident_id, stage, round),
    CHECK ((kind IS NULL OR kind = 'fixed') = (amount IS NULL)),
    CHECK (kind <> 'fixed' OR due_at IS NOT NULL)
);
COMMENT ON TABLE case_clock IS 'Clocks of each case, one row per stage and round: what is allowed, when it started, stood still and ended. A stage without a limit has a row, too: its time is known.';
COMMENT ON COLUMN case_clock.round IS 'The same stage again: after a return, a reopening, a new agreement. Rework goes on with the clock that stood still while the answer was checked.';
COMMENT ON COLUMN case_clock.kind IS 'Kind of clock; fixed: its end is printed on the order or was set as a date; null: no limit known.';
COMMENT ON COLUMN case_clock.amount IS 'Allowed time in hours or days, as the limit said when it started; extra was granted on top.';
COMMENT ON COLUMN case_clock.source IS 'Paper the limit stands in.';
COMMENT ON COLUMN case_clock.due_at IS 'When it runs out; null while it stands still, or without a limit.';
COMMENT ON COLUMN case_clock.warn_at IS 'From when on it is near its end.';
COMMENT ON COLUMN case_clock.pauses IS 'When it stood still; unbounded above while it does.';
COMMENT ON COLUMN case_clock.provisional IS 'Computed beyond the published holidays, Monday to Friday: computed anew once the notice is in.';
CREATE INDEX case_clock_open ON case_clock (due_at) WHERE ended_at IS NULL;
CREATE INDEX case_clock_provisional ON case_clock (incident_id) WHERE provisional AND ended_at IS NULL;

-- categories ----------------------------------------------------------------------------------------

CREATE TABLE category (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    standard text NOT NULL CHECK (btrim(standard) <> ''),
    kind text NOT NULL CHECK (kind IN ('matter', 'part', 'hazard', 'dispute', 'enforcement')),
    code text NOT NULL CHECK (code ~ '^[0-9A-Za-z.-]{1,24}$'),
    version text NOT NULL DEFAULT '',
    name text NOT NULL CHECK (btrim(name) <> ''),
    parent text NOT NULL DEFAULT '',
    synonyms text[] NOT NULL DEFAULT '{}',
    pinyin text NOT NULL DEFAULT '',
    initials text NOT NULL DEFAULT '',
    example boolean NOT NULL DEFAULT false,
    valid_from date NOT NULL DEFAULT '2000-01-01',
    valid_to date,
    source text NOT NULL CHECK (btrim(source) <> ''),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (standard, kind, code, version),
    CHECK (valid_to IS NULL OR valid_to >= valid_from - 1)
);
COMMENT ON TABLE category IS 'Categories an office imported, by standard, kind, code and version; they replace those of data/reference/categories.csv for their standard and kind. The same code may be a part and a matter.';
COMMENT ON COLUMN category.parent IS 'Code of its large class; empty for one.';
COMMENT ON COLUMN category.pinyin IS 'Of the name, syllables apart; initials are their first letters. Made by the import.';
COMMENT ON COLUMN category.example IS 'The printed standard was not at hand: the code is one seen in use.';

CREATE TABLE category_match (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    standard text NOT NULL,
    code text NOT NULL,
    other_standard text NOT NULL,
    other_code text NOT NULL,
    relation text NOT NULL DEFAULT 'same' CHECK (relation IN ('same', 'wider', 'narrower', 'near')),
    source text NOT NULL CHECK (btrim(source) <> ''),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, standard, code, other_standard, other_code),
    CHECK (standard <> other_standard)
);
COMMENT ON TABLE category_match IS 'Which category of one standard is which of another: old codes of 2+2 digits and new ones of 2+3 side by side.';
COMMENT ON COLUMN category_match.relation IS 'Of the first to the other: same, wider, narrower, near.';

ALTER TABLE incident
    ADD COLUMN IF NOT EXISTS category_code text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS standard text NOT NULL DEFAULT '';
COMMENT ON COLUMN incident.category_code IS 'Code of its small class, as the file or the reporter gave it.';
COMMENT ON COLUMN incident.standard IS 'Standard that code belongs to; empty where nobody said.';

-- who may -------------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['holiday', 'office_hours', 'time_limit', 'case_clock', 'category', 'category_match'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE TRIGGER keep_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
        EXECUTE format('CREATE TRIGGER keep_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
    END LOOP;
END $$;

SELECT guard(t, 'select', '{leader,planner,supervisor,worker,department}', 'all')
FROM unnest(ARRAY['holiday', 'office_hours', 'time_limit', 'category', 'category_match']) AS t;
SELECT guard(t, o, '{supervisor}', 'office')
FROM unnest(ARRAY['holiday', 'office_hours', 'time_limit', 'category', 'category_match']) AS t, unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('case_clock', 'select', '{leader,planner,supervisor,worker,department}', 'case');
SELECT guard('case_clock', o, '{leader,supervisor,worker,department}', 'case') FROM unnest(ARRAY['insert', 'update']) AS o;
