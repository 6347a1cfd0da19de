-- The ledger of blind spots: what the rules find keeps its identity, owner, state and history
-- from run to run; the headline keeps its days. Runs as atlas_owner with search_path = atlas, public.

-- findings know who they are ------------------------------------------------------------------

ALTER TABLE finding ADD COLUMN key text, ADD COLUMN accepted boolean NOT NULL DEFAULT false;
UPDATE finding SET key = 'before:' || id;
ALTER TABLE finding ALTER COLUMN key SET NOT NULL;
CREATE UNIQUE INDEX finding_key ON finding (network_id, rule, key);
COMMENT ON TABLE finding IS 'What the rules find now; a row keeps its id as long as its cause lasts. Its memory is in ledger.';
COMMENT ON COLUMN finding.key IS 'Who it is within network and rule: its subject, or a number for a place (known again by overlap).';
COMMENT ON COLUMN finding.accepted IS 'Whether it stands under an exception in force: it does not count in the headline.';

CREATE TABLE finding_building (
    finding_id bigint NOT NULL REFERENCES finding ON DELETE CASCADE,
    building_id bigint NOT NULL REFERENCES building ON DELETE CASCADE,
    PRIMARY KEY (finding_id, building_id)
);
COMMENT ON TABLE finding_building IS 'Buildings each blind finding touches, also those of its grids: the headline counts each of them once.';
CREATE INDEX finding_building_building ON finding_building (building_id);

-- the ledger ------------------------------------------------------------------------------------

CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    rule text NOT NULL,
    key text NOT NULL,
    finding_id bigint UNIQUE REFERENCES finding ON DELETE SET NULL,
    severity text NOT NULL CHECK (severity IN ('block', 'blind', 'warn', 'hint')),
    geom geometry(Geometry, 4490),
    area_id bigint REFERENCES area ON DELETE SET NULL,
    grid_codes text[] NOT NULL DEFAULT '{}',
    building_codes text[] NOT NULL DEFAULT '{}',
    area_m2 double precision NOT NULL DEFAULT 0,
    buildings integer NOT NULL DEFAULT 0,
    households integer NOT NULL DEFAULT 0,
    people integer NOT NULL DEFAULT 0,
    measure jsonb NOT NULL DEFAULT '{}',
    subjects jsonb NOT NULL DEFAULT '{}',
    remedies jsonb NOT NULL DEFAULT '[]',
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    gone_at timestamptz,
    returns integer NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'assigned', 'doing', 'checked', 'closed', 'excepted')),
    owner_id bigint REFERENCES account,
    due_on date,
    exception_reason text,
    exception_until date,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (network_id, rule, key),
    CHECK ((state = 'excepted') = (exception_reason IS NOT NULL AND exception_until IS NOT NULL)),
    CHECK (state <> 'closed' OR gone_at IS NOT NULL)
);
COMMENT ON TABLE ledger IS 'Every blind spot there ever was: first and last seen, whose it is, until when, in which state; with what the rules said last.';
COMMENT ON COLUMN ledger.finding_id IS 'The finding as it stands now; null when its cause is gone.';
COMMENT ON COLUMN ledger.gone_at IS 'When its cause was gone; it closes then and not before.';
COMMENT ON COLUMN ledger.returns IS 'How often it came back after it was closed.';
CREATE INDEX ledger_list ON ledger (network_id, state, households DESC);
CREATE INDEX ledger_owner ON ledger (owner_id, state);
CREATE INDEX ledger_area ON ledger (area_id);
CREATE INDEX ledger_geom ON ledger USING gist (geom);

CREATE TABLE ledger_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_id bigint NOT NULL REFERENCES ledger ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL DEFAULT actor_name(),
    act text NOT NULL CHECK (act IN ('found', 'changed', 'gone', 'returned', 'assigned', 'begun', 'checked', 'excepted', 'expired', 'resumed', 'due', 'comment', 'task', 'proposal')),
    before text,
    after text,
    note text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE ledger_event IS 'History of each entry of the ledger: found, assigned, begun, checked, gone, returned, excepted, comments. Append-only by privilege.';
CREATE INDEX ledger_event_ledger ON ledger_event (ledger_id, id);

CREATE TABLE ledger_filter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
    query jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (account_id, name)
);
COMMENT ON TABLE ledger_filter IS 'Filters of the ledger that somebody saved for himself.';

CREATE TABLE task (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_id bigint NOT NULL REFERENCES ledger ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('appoint', 'visit', 'patrol', 'verify', 'claim', 'correct')),
    owner_id bigint REFERENCES account,
    person_id bigint REFERENCES person,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    grid_code text,
    building_codes text[] NOT NULL DEFAULT '{}',
    area_id bigint REFERENCES area ON DELETE SET NULL,
    due_on date,
    note text NOT NULL DEFAULT '',
    done_at timestamptz,
    result text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE task IS 'What somebody has to do about an entry of the ledger: appoint, visit, patrol, verify, claim, correct.';
CREATE INDEX task_ledger ON task (ledger_id);
CREATE INDEX task_owner ON task (owner_id) WHERE done_at IS NULL;

CREATE TABLE proposal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_id bigint NOT NULL REFERENCES ledger ON DELETE CASCADE,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    remedy jsonb NOT NULL,
    edit jsonb NOT NULL,
    effect jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'applied', 'withdrawn', 'stale')),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE proposal IS 'A boundary edit that repairs an entry of the ledger, computed and previewed, for a planner to take up.';
COMMENT ON COLUMN proposal.edit IS 'Grids as they would be: [{"grid", "version", "geometry" (GeoJSON, 4490)}]; version is the one the edit was made from.';
COMMENT ON COLUMN proposal.effect IS 'Who gains what, balance before and after, findings gone and new.';
CREATE INDEX proposal_ledger ON proposal (ledger_id);

-- the headline's days ---------------------------------------------------------------------------

CREATE TABLE coverage_day (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    day date NOT NULL DEFAULT today(),
    area_id bigint REFERENCES area ON DELETE CASCADE,
    grid_code text,
    buildings integer NOT NULL,
    households integer NOT NULL,
    blind_buildings integer NOT NULL,
    blind_households integer NOT NULL,
    open jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (grid_code IS NULL OR area_id IS NOT NULL)
);
COMMENT ON TABLE coverage_day IS 'The headline as it stood at the end of each day: of a network (no area), of each area, and of each grid on the days it changed.';
COMMENT ON COLUMN coverage_day.open IS 'Open findings by rule, those under an exception left out.';
CREATE UNIQUE INDEX coverage_day_once ON coverage_day (network_id, day, coalesce(area_id, 0), coalesce(grid_code, ''));

-- who may -----------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finding_building', 'ledger', 'ledger_event', 'ledger_filter', 'task', 'proposal', 'coverage_day'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['ledger', 'task', 'proposal'] LOOP
        EXECUTE format('CREATE TRIGGER bump_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version()', t);
    END LOOP;
END $$;

SELECT guard('finding_building', 'select', '{leader,planner,supervisor,worker,department}', 'found');
SELECT guard('ledger', 'select', '{leader,planner,supervisor,worker,department}', 'finding');
SELECT guard('ledger', 'select', '{worker,department}', 'mine');
SELECT guard('ledger', 'update', '{supervisor}', 'finding');
SELECT guard('ledger', 'update', '{worker,department}', 'mine');
REVOKE UPDATE ON ledger FROM atlas_app;
GRANT UPDATE (state, owner_id, due_on, exception_reason, exception_until, updated_at) ON ledger TO atlas_app;
SELECT guard('ledger_event', 'select', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('ledger_event', 'insert', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('ledger_filter', o, '{leader,planner,supervisor,worker,department}', 'own') FROM unnest(ARRAY['select', 'insert', 'update', 'delete']) AS o;
SELECT guard('task', 'select', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('task', 'insert', '{supervisor}', 'entry');
SELECT guard('task', 'update', '{supervisor}', 'entry');
SELECT guard('task', 'update', '{worker,department}', 'mine');
SELECT guard('proposal', 'select', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('proposal', o, '{planner,supervisor}', 'entry') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('coverage_day', 'select', '{leader,planner,supervisor,worker,department}', 'area');
