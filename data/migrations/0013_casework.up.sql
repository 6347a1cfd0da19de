-- Casework: each incident is a case file with a state, a unit and a clock; every step is an event,
-- and the state is what the events say. Runs as atlas_owner with search_path = atlas, public.

-- reaches are rows -------------------------------------------------------------------------------

CREATE TABLE reach (
    name text PRIMARY KEY,
    found text NOT NULL,
    left_as text
);
COMMENT ON TABLE reach IS 'How far a right goes, by name: the condition on rows that may be read or changed, and on rows as they may be left behind, where that is another one; {relation} stands for the table. Read by guard() alone.';
DO $$
DECLARE
    -- "(SELECT …)" is computed once per query, not per row.
    wide text := '(SELECT atlas.everywhere())';
    lies text := 'area_id = ANY ((SELECT atlas.scope_areas())::bigint[])';
    grids text := 'grid_id = ANY ((SELECT atlas.scope_grids())::bigint[])';
    told text := wide || ' OR ' || lies
        || ' OR grid_codes <> ''{}'' AND atlas.grid_keys(network_id, grid_codes) && (SELECT atlas.scope_keys())';
BEGIN
    INSERT INTO reach VALUES
        ('all', 'true', NULL),
        ('office', wide, NULL),
        ('area', wide || ' OR ' || lies, wide || ' OR (' || lies || ' AND atlas.scope_holds(geom))'),
        ('building', wide || ' OR ' || lies || ' OR id = ANY ((SELECT atlas.scope_buildings())::bigint[])',
            wide || ' OR ' || lies || ' OR atlas.scope_covers(geom)'),
        ('incident', wide || ' OR ' || lies || ' OR ' || grids, wide || ' OR ' || lies || ' OR ' || grids || ' OR atlas.scope_covers(geom)'),
        ('grid', wide || ' OR grid_id = ANY ((SELECT atlas.scope_area_grids())::bigint[])', NULL),
        ('code', wide || ' OR network_id || ''/'' || grid_code = ANY ((SELECT atlas.scope_area_keys())::text[])', NULL),
        ('finding', told, NULL),
        ('land', '(' || told || ') AND NOT subjects ? ''incident''', NULL),
        ('place', wide || ' OR ' || lies || ' OR network_id || ''/'' || grid_code = ANY ((SELECT atlas.scope_keys())::text[])', NULL),
        ('person', wide || ' OR id = ANY ((SELECT atlas.scope_persons())::bigint[])', NULL),
        ('staff', wide || ' OR person_id = ANY ((SELECT atlas.scope_persons())::bigint[])', NULL),
        ('mine', 'owner_id = (SELECT atlas.account_id())', NULL),
        ('entry', 'EXISTS (SELECT FROM atlas.ledger l WHERE l.id = ledger_id)', NULL),
        ('found', 'EXISTS (SELECT FROM atlas.finding f WHERE f.id = finding_id)', NULL),
        ('deed', 'person_id = ANY ((SELECT atlas.own_persons())::bigint[])', NULL),
        ('me', 'id = (SELECT atlas.account_id())', NULL),
        ('own', 'account_id = (SELECT atlas.account_id())', NULL),
        ('signed', wide || ' OR actor = (SELECT atlas.actor_name())', 'actor = (SELECT atlas.actor_name())'),
        -- new: a case file as its incident; a unit's own cases; whatever hangs on a case that may be seen
        ('file', wide || ' OR ' || lies || ' OR ' || grids, NULL),
        ('unit', '(' || wide || ' OR ' || lies || ' OR ' || grids || ') AND units && (SELECT atlas.account_units())::text[]', NULL),
        ('led', '(' || wide || ' OR ' || lies || ' OR ' || grids || ') AND EXISTS (SELECT FROM atlas.casefile c'
            || ' WHERE c.incident_id = incident.id AND c.units && (SELECT atlas.account_units())::text[])', NULL),
        ('case', 'EXISTS (SELECT FROM atlas.casefile c WHERE c.incident_id = {relation}.incident_id)', NULL);
END $$;

CREATE OR REPLACE FUNCTION guard(relation text, operation text, roles text[], reach text) RETURNS void
LANGUAGE plpgsql SET search_path = atlas, public, pg_temp AS $$
DECLARE
    rule atlas.reach;
    who text := format('(SELECT atlas.has_role(%L::text[]))', roles);
BEGIN
    SELECT r.* INTO STRICT rule FROM atlas.reach r WHERE r.name = guard.reach;
    rule.left_as := who || ' AND (' || replace(coalesce(rule.left_as, rule.found), '{relation}', quote_ident(relation)) || ')';
    rule.found := who || ' AND (' || replace(rule.found, '{relation}', quote_ident(relation)) || ')';
    IF operation = 'select' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR SELECT TO atlas_app USING (%s)', reach || '_select', relation, rule.found);
    ELSIF operation = 'insert' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR INSERT TO atlas_app WITH CHECK (%s)', reach || '_insert', relation, rule.left_as);
    ELSIF operation = 'update' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR UPDATE TO atlas_app USING (%s) WITH CHECK (%s)', reach || '_update', relation, rule.found, rule.left_as);
    ELSE
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR DELETE TO atlas_app USING (%s)', reach || '_delete', relation, rule.found);
    END IF;
    EXECUTE format('GRANT %s ON atlas.%I TO atlas_app', upper(operation), relation);
END $$;

-- units of accounts ------------------------------------------------------------------------------

ALTER TABLE account ADD COLUMN units text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN account.units IS 'Units (of the duty list) the account works for: a department sees the cases these lead or assist.';

GRANT UPDATE (units) ON account TO atlas_app;

CREATE FUNCTION account_units() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce((SELECT a.units FROM account a WHERE a.id = account_id()), '{}')
$$;
COMMENT ON FUNCTION account_units() IS 'Units the actor works for.';

-- the case file ----------------------------------------------------------------------------------

CREATE FUNCTION cell_quad(cell_column integer, cell_row integer) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    -- Each bit of both is moved to twice its place, by doubling the gaps.
    x bigint := cell_column;
    y bigint := cell_row;
BEGIN
    x := (x | (x << 16)) & 281470681808895;
    y := (y | (y << 16)) & 281470681808895;
    x := (x | (x << 8)) & 71777214294589695;
    y := (y | (y << 8)) & 71777214294589695;
    x := (x | (x << 4)) & 1085102592571150095;
    y := (y | (y << 4)) & 1085102592571150095;
    x := (x | (x << 2)) & 3689348814741910323;
    y := (y | (y << 2)) & 3689348814741910323;
    RETURN ((x | (x << 1)) & 6148914691236517205) | (((y | (y << 1)) & 6148914691236517205) << 1);
END $$;
COMMENT ON FUNCTION cell_quad(integer, integer) IS 'Morton number of a zoom-13 cell (column and row interleaved): the cells of a tile are one range of numbers.';

CREATE FUNCTION quad_column(quad bigint) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE x bigint := quad & 6148914691236517205;
BEGIN
    x := (x | (x >> 1)) & 3689348814741910323;
    x := (x | (x >> 2)) & 1085102592571150095;
    x := (x | (x >> 4)) & 71777214294589695;
    x := (x | (x >> 8)) & 281470681808895;
    RETURN (x | (x >> 16)) & 4294967295;
END $$;
COMMENT ON FUNCTION quad_column(bigint) IS 'Column a Morton number was made of; of the number shifted by one bit: the row.';

CREATE FUNCTION clock_of(state text, suspended boolean, warn_at timestamptz, due_at timestamptz, at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN state IN ('closed', 'rejected', 'merged') THEN 'ended'
    WHEN suspended THEN 'paused'
    WHEN due_at IS NULL THEN 'none'
    WHEN due_at < at THEN 'late'
    WHEN warn_at <= at THEN 'near'
    ELSE 'running' END;
COMMENT ON FUNCTION clock_of(text, boolean, timestamptz, timestamptz, timestamptz) IS 'How a case stands with its clock at a moment: late, near (its end), running, paused, none (no limit known), ended.';

CREATE TABLE casefile (
    incident_id bigint PRIMARY KEY REFERENCES incident ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('matter', 'hazard', 'dispute', 'enforcement')),
    state text NOT NULL DEFAULT 'reported' CHECK (state IN ('reported', 'verifying', 'filed', 'dispatched', 'handling', 'answered', 'checked', 'closed', 'rejected', 'merged')),
    seq integer NOT NULL DEFAULT 1,
    suspended boolean NOT NULL DEFAULT false,
    verified text NOT NULL DEFAULT '' CHECK (verified IN ('', 'exist', 'not_exist', 'unable')),
    level smallint CHECK (level BETWEEN 1 AND 4),
    card text CHECK (card IN ('yellow', 'red')),
    units text[] NOT NULL DEFAULT '{}',
    handler_id bigint REFERENCES account ON DELETE SET NULL,
    answered_by text NOT NULL DEFAULT '',
    duty_id bigint REFERENCES duty,
    terms jsonb NOT NULL DEFAULT '{}',
    stage text,
    due_at timestamptz,
    warn_at timestamptz,
    returns integer NOT NULL DEFAULT 0,
    reworked integer NOT NULL DEFAULT 0,
    reopened integer NOT NULL DEFAULT 0,
    extended integer NOT NULL DEFAULT 0,
    asking boolean NOT NULL DEFAULT false,
    rating text CHECK (rating IN ('good', 'fair', 'bad')),
    appeal text CHECK (appeal IN ('open', 'upheld', 'dismissed')),
    into_id bigint REFERENCES incident,
    key text UNIQUE,
    category text NOT NULL DEFAULT '',
    channel text NOT NULL DEFAULT 'other',
    occurred_at timestamptz,
    closed_at timestamptz,
    area_id bigint REFERENCES area ON DELETE SET NULL,
    grid_id bigint REFERENCES grid ON DELETE SET NULL,
    quad bigint,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'merged') = (into_id IS NOT NULL)),
    CHECK (NOT suspended OR state IN ('filed', 'dispatched', 'handling')),
    CHECK (NOT asking OR state IN ('dispatched', 'handling')),
    CHECK (rating IS NULL OR state = 'closed')
);
COMMENT ON TABLE casefile IS 'One row per incident: where its flow stands, whose it is, until when. Derived from case_event; the columns from category on are copies of the incident, kept by trigger, so that a list needs no join.';
COMMENT ON COLUMN casefile.seq IS 'Number of its last event: who acts names it, and the second of two is refused.';
COMMENT ON COLUMN casefile.verified IS 'Last word of a verification on site: exist, not_exist, unable; empty before one.';
COMMENT ON COLUMN casefile.answered_by IS 'Account that said it was done: another one checks it.';
COMMENT ON COLUMN casefile.returns IS 'How often a unit gave it back; reworked: failed its check; reopened; extended: got more time.';
COMMENT ON COLUMN casefile.asking IS 'Whether more time was asked for and nobody decided yet.';
COMMENT ON COLUMN casefile.key IS 'What the reporter''s device called the report: sent twice over a bad line it is still one case.';
COMMENT ON COLUMN casefile.level IS '1 gravest … 4 least: of hazards 重大 较大 一般 低, of disputes red orange yellow blue (names and owners in the table of levels).';
COMMENT ON COLUMN casefile.card IS 'Supervision card (督办): yellow or red.';
COMMENT ON COLUMN casefile.units IS 'Lead unit first, then those that assist.';
COMMENT ON COLUMN casefile.terms IS 'What the duty list said when it was dispatched (lead, assists, basis, clock): frozen, a new version of the list changes nothing here.';
COMMENT ON COLUMN casefile.stage IS 'Stage whose clock runs out first; due_at and warn_at are its.';
COMMENT ON COLUMN casefile.due_at IS 'When that clock runs out; null when none runs (closed, suspended, no limit known).';
COMMENT ON COLUMN casefile.warn_at IS 'From when on it is shown as near its end (yellow).';
COMMENT ON COLUMN casefile.quad IS 'Zoom-13 cell of its place (cell_quad): a tile far out is one range of an index.';
CREATE INDEX casefile_due ON casefile (due_at, incident_id) WHERE state NOT IN ('closed', 'rejected', 'merged');
CREATE INDEX casefile_area ON casefile (area_id, due_at) WHERE state NOT IN ('closed', 'rejected', 'merged');
CREATE INDEX casefile_grid ON casefile (grid_id);
CREATE INDEX casefile_handler ON casefile (handler_id) WHERE state NOT IN ('closed', 'rejected', 'merged');
CREATE INDEX casefile_units ON casefile USING gin (units) WITH (fastupdate = off) WHERE units <> '{}';
CREATE INDEX casefile_occurred ON casefile (occurred_at);
CREATE INDEX casefile_quad ON casefile (quad);
CREATE INDEX casefile_open_quad ON casefile (quad) WHERE state NOT IN ('closed', 'rejected', 'merged');

CREATE TABLE case_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
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
    UNIQUE (incident_id, seq)
);
COMMENT ON TABLE case_event IS 'Every step of a case: who, when, where, what. Append-only by privilege; seq counts per case without gaps.';
COMMENT ON COLUMN case_event.act IS 'One of gis/casework/flow.py''s acts; "import" for what came with a file.';
COMMENT ON COLUMN case_event.state IS 'State of the case after it.';
COMMENT ON COLUMN case_event.at IS 'When it happened; created_at is when it was written.';
CREATE INDEX case_event_at ON case_event (at);

CREATE TABLE case_link (
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    other_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    relation text NOT NULL CHECK (relation IN ('related', 'relapse', 'cause', 'duplicate')),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (incident_id, other_id),
    CHECK (incident_id <> other_id)
);
COMMENT ON TABLE case_link IS 'Cases that belong together: related, a relapse of, caused by (a hazard behind an enforcement case), a possible duplicate of.';
CREATE INDEX case_link_other ON case_link (other_id);

CREATE TABLE photo (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    event_id bigint REFERENCES case_event ON DELETE CASCADE,
    role text NOT NULL DEFAULT 'scene' CHECK (role IN ('scene', 'near', 'far', 'before', 'after', 'document')),
    name text NOT NULL DEFAULT '',
    media text NOT NULL CHECK (media IN ('image/jpeg', 'image/png', 'application/pdf')),
    sha256 text NOT NULL,
    body bytea NOT NULL CHECK (octet_length(body) <= 4194304),
    taken_at timestamptz,
    geom geometry(Point, 4490),
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE photo IS 'Pictures and papers of a case. Pictures are written anew without what the camera put into them; time and place it had noted stand in taken_at and geom.';
COMMENT ON COLUMN photo.sha256 IS 'Of the file as it came: the same picture for two cases is a question (domain.md §9, 6).';
CREATE INDEX photo_incident ON photo (incident_id);
CREATE INDEX photo_sha256 ON photo (sha256);
ALTER TABLE photo ALTER COLUMN body SET STORAGE EXTERNAL;

-- masking of what an event keeps --------------------------------------------------------------------

CREATE FUNCTION mask_data(given jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = atlas, public, pg_temp AS $$
BEGIN
    RETURN CASE jsonb_typeof(given)
        WHEN 'string' THEN to_jsonb(mask_text(given #>> '{}'))
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(mask_data(e.value) ORDER BY e.place), '[]') FROM jsonb_array_elements(given) WITH ORDINALITY AS e (value, place))
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(e.key, mask_data(e.value)), '{}') FROM jsonb_each(given) AS e)
        ELSE given END;
END $$;
COMMENT ON FUNCTION mask_data(jsonb) IS 'Texts inside a JSON value masked as mask_text does; numbers and keys stay.';

CREATE FUNCTION shown_data(given jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN sees_personal() THEN given ELSE mask_data(given) END;
COMMENT ON FUNCTION shown_data(jsonb) IS 'What an event keeps, as the actor may read it.';

-- every incident has its file --------------------------------------------------------------------

CREATE FUNCTION flow_state(word text, closed_at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN word ~* '作废|不予|无效|reject|cancel|duplicate' THEN 'rejected'
    WHEN closed_at IS NOT NULL OR word ~* '结案|办结|关闭|销号|自行处置|自处置|已解决|化解成功|已化解|归档|closed|resolved|completed' THEN 'closed'
    WHEN word ~* '待结案|已核查|已验证' THEN 'checked'
    WHEN word ~* '待核查|待验证|待复查|已反馈|已处置|已整改' THEN 'answered'
    WHEN word ~* '处置中|处理中|办理中|整改中|调解中|进行中|调查|progress|pending' THEN 'handling'
    WHEN word ~* '已派|已分配|交办|转办|assigned' THEN 'dispatched'
    WHEN word ~* '立案|待派' THEN 'filed'
    WHEN word ~* '待核实' THEN 'verifying'
    ELSE 'reported' END;
COMMENT ON FUNCTION flow_state(text, timestamptz) IS 'State of the flow that a word of another system means; a closing time closes.';

CREATE FUNCTION open_files() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    told jsonb := coalesce(nullif(current_setting('atlas.told', true), '')::jsonb, '{}');
BEGIN
    INSERT INTO casefile (incident_id, kind, state, category, channel, occurred_at, closed_at, area_id, grid_id, quad,
        level, key, answered_by)
    SELECT id, kind, flow_state(state, closed_at), category, channel, occurred_at, closed_at, area_id, grid_id, cell_quad(cell_column(geom_web), cell_row(geom_web)),
        (told #>> '{data,level}')::smallint, told ->> 'key',
        CASE WHEN source_id IS NULL AND flow_state(state, closed_at) = 'answered' THEN actor_name() ELSE '' END
    FROM new_rows;
    INSERT INTO case_event (incident_id, seq, act, state, at, unit, note, data, geom)
    SELECT id, 1, CASE WHEN source_id IS NULL THEN 'report' ELSE 'import' END, flow_state(state, closed_at),
        coalesce((told ->> 'at')::timestamptz, occurred_at, created_at), coalesce(told ->> 'unit', ''), coalesce(told ->> 'note', ''),
        coalesce(told -> 'data', '{}'), CASE WHEN told ? 'at' THEN geom END
    FROM new_rows;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION open_files() IS 'Gives every new incident its case file and first event; a report says in atlas.told what its event is to keep.';

CREATE FUNCTION follow_incidents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    UPDATE casefile c SET category = n.category, channel = n.channel, occurred_at = n.occurred_at, closed_at = n.closed_at,
        area_id = n.area_id, grid_id = n.grid_id, kind = n.kind, quad = n.quad, updated_at = now()
    FROM (SELECT *, cell_quad(cell_column(geom_web), cell_row(geom_web)) AS quad FROM new_rows) AS n
    WHERE c.incident_id = n.id AND (c.category, c.channel, c.occurred_at, c.closed_at, c.area_id, c.grid_id, c.kind, c.quad)
        IS DISTINCT FROM (n.category, n.channel, n.occurred_at, n.closed_at, n.area_id, n.grid_id, n.kind, n.quad);
    IF coalesce(current_setting('atlas.flow', true), '') <> 'on' THEN
        -- The file said something new: that is an event too.
        WITH told AS (
            SELECT n.id, flow_state(n.state, n.closed_at) AS state, n.closed_at FROM new_rows n JOIN old_rows o USING (id)
            WHERE flow_state(n.state, n.closed_at) <> flow_state(o.state, o.closed_at)
        ), stepped AS (
            UPDATE casefile c SET state = t.state, seq = c.seq + 1, updated_at = now(), suspended = false, asking = false, answered_by = '',
                rating = CASE WHEN t.state = 'closed' THEN c.rating END,
                card = CASE WHEN t.state NOT IN ('closed', 'rejected') THEN c.card END
            FROM told t WHERE c.incident_id = t.id AND c.state <> t.state AND c.state <> 'merged'
            RETURNING c.incident_id, c.seq, c.state, t.closed_at
        )
        INSERT INTO case_event (incident_id, seq, act, state, at)
        SELECT incident_id, seq, 'import', state, coalesce(closed_at, now()) FROM stepped;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_incidents() IS 'Keeps the copies of casefile, and notes as an event what an import says of the state. Steps of the flow set atlas.flow.';

INSERT INTO casefile (incident_id, kind, state, category, channel, occurred_at, closed_at, area_id, grid_id, quad)
SELECT id, kind, flow_state(state, closed_at), category, channel, occurred_at, closed_at, area_id, grid_id, cell_quad(cell_column(geom_web), cell_row(geom_web))
FROM incident;
INSERT INTO case_event (incident_id, seq, act, state, at)
SELECT id, 1, 'import', flow_state(state, closed_at), coalesce(occurred_at, created_at) FROM incident;
CREATE FUNCTION number_incident() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.code := 'AJ' || to_char(atlas.today(), 'YYYYMMDD') || '-' || NEW.id;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION number_incident() IS 'Gives a report without a number of its own one that says the day and is never used again.';
CREATE TRIGGER number_incident BEFORE INSERT ON incident FOR EACH ROW WHEN (NEW.code = '') EXECUTE FUNCTION number_incident();
CREATE TRIGGER open_files AFTER INSERT ON incident REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION open_files();
CREATE TRIGGER follow_incidents AFTER UPDATE ON incident REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION follow_incidents();

-- At the end of the transaction: a long import would otherwise keep everybody else from acting. New and
-- deleted files come with their incident, whose own version grows.
CREATE FUNCTION bump_casefile() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF current_setting('atlas.bumped', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
        INSERT INTO layer_version (relation) VALUES ('casefile') ON CONFLICT (relation) DO UPDATE SET version = layer_version.version + 1;
        PERFORM set_config('atlas.bumped', pg_current_xact_id()::text, true);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bump_casefile() IS 'Counts a change of case files for the ETag of tiles, once a transaction.';
CREATE CONSTRAINT TRIGGER bump_version AFTER UPDATE ON casefile DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bump_casefile();
-- What a department sees hangs on its units.
CREATE TRIGGER bump_version AFTER UPDATE OF units ON account FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version();

-- who may ----------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['casefile', 'case_event', 'case_link', 'photo', 'reach'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['open_files()', 'follow_incidents()', 'bump_casefile()'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION atlas.%s FROM PUBLIC', t);
    END LOOP;
END $$;

-- A department sees the cases its units lead or assist, no longer all of its area.
DROP POLICY incident_select ON incident;
SELECT guard('incident', 'select', '{leader,planner,supervisor,worker}', 'incident');
SELECT guard('incident', 'select', '{department}', 'led');
-- Counts of everybody's cases are not a department's: far out it counts its own.
DROP POLICY office_select ON incident_cell;
SELECT guard('incident_cell', 'select', '{leader,planner,supervisor,worker}', 'office');
SELECT guard('casefile', 'select', '{leader,planner,supervisor,worker}', 'file');
SELECT guard('casefile', 'select', '{department}', 'unit');
SELECT guard('casefile', 'update', '{leader,supervisor,worker}', 'file');
SELECT guard('casefile', 'update', '{department}', 'unit');
SELECT guard('case_event', 'select', '{leader,planner,supervisor,worker,department}', 'case');
SELECT guard('case_event', 'insert', '{leader,supervisor,worker,department}', 'case');
CREATE POLICY signs ON case_event AS RESTRICTIVE FOR INSERT TO atlas_app WITH CHECK (actor = actor_name() AND act <> 'import');
SELECT guard('case_link', 'select', '{leader,planner,supervisor,worker,department}', 'case');
SELECT guard('case_link', o, '{supervisor,worker}', 'case') FROM unnest(ARRAY['insert', 'delete']) AS o;
SELECT guard('photo', 'select', '{leader,supervisor,worker,department}', 'case');
SELECT guard('photo', 'insert', '{supervisor,worker,department}', 'case');
-- A worker reports what he sees where he works.
DROP POLICY incident_insert ON incident;
SELECT guard('incident', 'insert', '{supervisor,worker}', 'incident');
GRANT EXECUTE ON FUNCTION account_units(), mask_data(jsonb), shown_data(jsonb), flow_state(text, timestamptz), clock_of(text, boolean, timestamptz, timestamptz, timestamptz), cell_quad(integer, integer), quad_column(bigint) TO atlas_app;
