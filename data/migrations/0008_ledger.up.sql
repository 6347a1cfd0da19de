-- The ledger of blind spots: what the rules find keeps its identity, owner, state and history
-- from run to run; the headline keeps its days. Runs as atlas_owner with search_path = atlas, public.

-- findings know who they are ------------------------------------------------------------------

ALTER TABLE finding ADD COLUMN key text, ADD COLUMN accepted boolean NOT NULL DEFAULT false;
UPDATE finding SET key = 'before:' || id;
ALTER TABLE finding ALTER COLUMN key SET NOT NULL, ALTER COLUMN key SET DEFAULT gen_random_uuid()::text;
CREATE UNIQUE INDEX finding_key ON finding (network_id, rule, key);
CREATE INDEX finding_area ON finding (network_id, area_id);
-- Not put off (fastupdate): a local run looks things up right after a large one has written.
CREATE INDEX finding_grids ON finding USING gin (grid_codes) WITH (fastupdate = off);
CREATE INDEX finding_nowhere ON finding USING gin (building_codes) WITH (fastupdate = off) WHERE area_id IS NULL;
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
INSERT INTO finding_building (finding_id, building_id)
SELECT DISTINCT f.id, b.id FROM finding f CROSS JOIN unnest(f.building_codes) AS c (code) JOIN building b ON b.code = c.code
WHERE f.severity = 'blind';

CREATE FUNCTION extent_of(shape geometry, dimension integer) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE dimension WHEN 2 THEN ST_Area(shape) WHEN 1 THEN ST_Length(shape) ELSE ST_NPoints(shape) END;
COMMENT ON FUNCTION extent_of(geometry, integer) IS 'How much of a dimension a shape has, in degrees: to be compared with others of the same place.';

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
CREATE INDEX ledger_grids ON ledger USING gin (grid_codes) WITH (fastupdate = off);

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
CREATE INDEX ledger_event_at ON ledger_event (at);

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
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE coverage_day IS 'The headline as it stood at the end of each day: of a network (no area), of each area, and of each grid on the days it changed.';
COMMENT ON COLUMN coverage_day.open IS 'Open findings by rule, those under an exception left out.';
CREATE UNIQUE INDEX coverage_day_once ON coverage_day (network_id, day, coalesce(area_id, 0), coalesce(grid_code, ''));
CREATE INDEX coverage_day_grid ON coverage_day (network_id, grid_code, day DESC) WHERE grid_code IS NOT NULL;
CREATE INDEX coverage_day_area ON coverage_day (network_id, area_id, day DESC) WHERE grid_code IS NULL;

CREATE FUNCTION settle_day(network bigint, this_day date, areas bigint[], codes text[], more jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    last date;
    lowest text;
BEGIN
    SELECT max(d.day) INTO last FROM coverage_day d
    WHERE d.network_id = network AND d.area_id IS NULL AND d.grid_code IS NULL AND d.day <= this_day;
    IF last IS NULL THEN
        areas := NULL; codes := NULL; more := NULL;
    ELSIF last < this_day THEN -- a new day begins where the last one ended
        INSERT INTO coverage_day (network_id, day, area_id, buildings, households, blind_buildings, blind_households, open)
        SELECT d.network_id, this_day, d.area_id, d.buildings, d.households, d.blind_buildings, d.blind_households, d.open
        FROM coverage_day d WHERE d.network_id = network AND d.day = last AND d.grid_code IS NULL;
    END IF;
    SELECT a.level INTO lowest FROM area a ORDER BY array_position(ARRAY['community', 'street', 'district'], a.level) LIMIT 1;

    -- areas
    INSERT INTO coverage_day AS d (network_id, day, area_id, buildings, households, blind_buildings, blind_households, open)
    WITH blind AS MATERIALIZED (
        SELECT DISTINCT x.building_id
        FROM building b JOIN finding_building x ON x.building_id = b.id JOIN finding f ON f.id = x.finding_id
        WHERE (areas IS NULL OR b.area_id = ANY (areas)) AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted
    ), house AS (
        SELECT b.area_id, count(*) AS buildings, sum(b.households) AS households, count(x.building_id) AS blind_buildings,
            sum(b.households) FILTER (WHERE x.building_id IS NOT NULL) AS blind_households
        FROM building b LEFT JOIN blind x ON x.building_id = b.id
        WHERE areas IS NULL OR b.area_id = ANY (areas)
        GROUP BY b.area_id
    ), found AS (
        SELECT c.area_id, jsonb_object_agg(c.rule, c.n) AS open
        FROM (
            SELECT f.area_id, f.rule, count(*) AS n FROM finding f
            WHERE f.network_id = network AND NOT f.accepted AND (areas IS NULL OR f.area_id = ANY (areas))
            GROUP BY f.area_id, f.rule
        ) AS c
        GROUP BY c.area_id
    )
    SELECT network, this_day, a.id, coalesce(h.buildings, 0), coalesce(h.households, 0), coalesce(h.blind_buildings, 0),
        coalesce(h.blind_households, 0), coalesce(o.open, '{}')
    FROM area a LEFT JOIN house h ON h.area_id = a.id LEFT JOIN found o ON o.area_id = a.id
    WHERE (areas IS NULL OR a.id = ANY (areas)) AND (a.level = lowest OR h.buildings > 0 OR o.open IS NOT NULL OR EXISTS (
        SELECT FROM coverage_day k WHERE k.network_id = network AND k.day = this_day AND k.area_id = a.id AND k.grid_code IS NULL))
    ON CONFLICT (network_id, day, coalesce(area_id, 0), coalesce(grid_code, '')) DO UPDATE SET buildings = EXCLUDED.buildings,
        households = EXCLUDED.households, blind_buildings = EXCLUDED.blind_buildings, blind_households = EXCLUDED.blind_households,
        open = EXCLUDED.open, updated_at = now()
    WHERE (d.buildings, d.households, d.blind_buildings, d.blind_households, d.open) IS DISTINCT FROM
        (EXCLUDED.buildings, EXCLUDED.households, EXCLUDED.blind_buildings, EXCLUDED.blind_households, EXCLUDED.open);

    -- the network: its areas, and the buildings in none
    INSERT INTO coverage_day AS d (network_id, day, buildings, households, blind_buildings, blind_households, open)
    SELECT network, this_day, s.buildings + r.buildings, s.households + r.households, s.blind_buildings + r.blind_buildings,
        s.blind_households + r.blind_households, o.open
    FROM (
        SELECT coalesce(sum(k.buildings), 0) AS buildings, coalesce(sum(k.households), 0) AS households,
            coalesce(sum(k.blind_buildings), 0) AS blind_buildings, coalesce(sum(k.blind_households), 0) AS blind_households
        FROM coverage_day k WHERE k.network_id = network AND k.day = this_day AND k.grid_code IS NULL AND k.area_id IS NOT NULL
    ) AS s CROSS JOIN (
        SELECT count(*) AS buildings, coalesce(sum(b.households), 0) AS households, count(*) FILTER (WHERE x.blind) AS blind_buildings,
            coalesce(sum(b.households) FILTER (WHERE x.blind), 0) AS blind_households
        FROM building b
        CROSS JOIN LATERAL (SELECT EXISTS (
            SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id
            WHERE x.building_id = b.id AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted) AS blind) AS x
        WHERE b.area_id IS NULL
    ) AS r CROSS JOIN (
        SELECT coalesce(jsonb_object_agg(t.rule, t.n), '{}') AS open
        FROM (
            SELECT e.rule, sum(e.n) AS n
            FROM (
                SELECT f.rule, count(*) AS n FROM finding f WHERE more IS NULL AND f.network_id = network AND NOT f.accepted GROUP BY f.rule
                UNION ALL
                SELECT v.key, v.value::bigint FROM jsonb_each_text(more) AS v WHERE more IS NOT NULL
                UNION ALL
                SELECT v.key, v.value::bigint FROM coverage_day k CROSS JOIN jsonb_each_text(k.open) AS v
                WHERE more IS NOT NULL AND k.network_id = network AND k.day = this_day AND k.grid_code IS NULL AND k.area_id IS NULL
            ) AS e
            GROUP BY e.rule HAVING sum(e.n) <> 0
        ) AS t
    ) AS o
    ON CONFLICT (network_id, day, coalesce(area_id, 0), coalesce(grid_code, '')) DO UPDATE SET buildings = EXCLUDED.buildings,
        households = EXCLUDED.households, blind_buildings = EXCLUDED.blind_buildings, blind_households = EXCLUDED.blind_households,
        open = EXCLUDED.open, updated_at = now()
    WHERE (d.buildings, d.households, d.blind_buildings, d.blind_households, d.open) IS DISTINCT FROM
        (EXCLUDED.buildings, EXCLUDED.households, EXCLUDED.blind_buildings, EXCLUDED.blind_households, EXCLUDED.open);

    -- grids, where something changed
    INSERT INTO coverage_day AS d (network_id, day, area_id, grid_code, buildings, households, blind_buildings, blind_households, open)
    WITH wanted AS MATERIALIZED (
        SELECT g.id, g.code, g.area_id FROM grid g WHERE areas IS NULL AND g.network_id = network AND g.valid_to IS NULL
        UNION ALL
        SELECT g.id, g.code, g.area_id FROM grid g
        WHERE g.id = ANY (ARRAY(
            SELECT a.id FROM grid a WHERE areas IS NOT NULL AND a.area_id = ANY (areas)
            UNION SELECT c.id FROM grid c WHERE areas IS NOT NULL AND c.network_id = network AND c.code = ANY (codes)
        )) AND g.network_id = network AND g.valid_to IS NULL
    ), house AS MATERIALIZED (
        SELECT DISTINCT x.building_id FROM finding f JOIN finding_building x ON x.finding_id = f.id
        WHERE areas IS NULL AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted
        UNION ALL
        SELECT a.building_id FROM wanted w JOIN assignment a ON a.grid_id = w.id AND a.network_id = network
        WHERE areas IS NOT NULL AND EXISTS (
            SELECT FROM finding_building x JOIN finding f ON f.id = x.finding_id
            WHERE x.building_id = a.building_id AND f.network_id = network AND f.severity = 'blind' AND NOT f.accepted)
    ), blind AS (
        SELECT a.grid_id, count(*) AS buildings, sum(b.households) AS households
        FROM house h JOIN assignment a ON a.network_id = network AND a.building_id = h.building_id JOIN building b ON b.id = h.building_id
        GROUP BY a.grid_id
    ), found AS (
        SELECT c.code, jsonb_object_agg(c.rule, c.n) AS open
        FROM (
            SELECT g.code, f.rule, count(*) AS n
            FROM finding f CROSS JOIN unnest(f.grid_codes) AS g (code)
            WHERE areas IS NULL AND f.network_id = network AND NOT f.accepted
            GROUP BY g.code, f.rule
            UNION ALL
            SELECT w.code, f.rule, count(*)
            FROM wanted w CROSS JOIN LATERAL (
                SELECT k.network_id, k.rule, k.accepted FROM finding k WHERE k.grid_codes @> ARRAY[w.code] OFFSET 0
            ) AS f
            WHERE areas IS NOT NULL AND f.network_id = network AND NOT f.accepted
            GROUP BY w.code, f.rule
        ) AS c
        GROUP BY c.code
    )
    SELECT network, this_day, w.area_id, w.code, n.*
    FROM wanted w LEFT JOIN grid_figure v ON v.grid_id = w.id LEFT JOIN blind h ON h.grid_id = w.id LEFT JOIN found o ON o.code = w.code
    CROSS JOIN LATERAL (
        SELECT coalesce(v.buildings, 0) AS buildings, coalesce(v.households, 0) AS households, coalesce(h.buildings, 0) AS blind_buildings,
            coalesce(h.households, 0) AS blind_households, coalesce(o.open, '{}') AS open
    ) AS n
    LEFT JOIN LATERAL (
        SELECT k.area_id, k.buildings, k.households, k.blind_buildings, k.blind_households, k.open FROM coverage_day k
        WHERE k.network_id = network AND k.grid_code = w.code AND k.day <= this_day ORDER BY k.day DESC LIMIT 1
    ) AS k ON true
    WHERE (k.area_id, k.buildings, k.households, k.blind_buildings, k.blind_households, k.open) IS DISTINCT FROM
        (w.area_id, n.buildings, n.households, n.blind_buildings, n.blind_households, n.open)
    ON CONFLICT (network_id, day, coalesce(area_id, 0), coalesce(grid_code, '')) DO UPDATE SET buildings = EXCLUDED.buildings,
        households = EXCLUDED.households, blind_buildings = EXCLUDED.blind_buildings, blind_households = EXCLUDED.blind_households,
        open = EXCLUDED.open, updated_at = now();
END $$;
COMMENT ON FUNCTION settle_day(bigint, date, bigint[], text[], jsonb) IS 'Counts the headline of a day anew: of some areas and grids, given how many open findings of each rule there are more or less (more), or of all (null). The network is the sum of its areas and of the buildings in none.';
REVOKE EXECUTE ON FUNCTION settle_day(bigint, date, bigint[], text[], jsonb) FROM PUBLIC;

CREATE FUNCTION covered(network bigint, single boolean) RETURNS TABLE (area_id bigint, grid_code text, buildings integer,
    households integer, blind_buildings integer, blind_households integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    WITH newest AS (
        SELECT max(d.day) AS day FROM coverage_day d WHERE d.network_id = covered.network AND d.area_id IS NULL AND d.grid_code IS NULL
    ), day AS (
        SELECT d.* FROM newest n JOIN coverage_day d ON d.network_id = covered.network AND d.day = n.day AND d.grid_code IS NULL
        UNION ALL
        SELECT k.* FROM grid g
        CROSS JOIN LATERAL (
            SELECT d.* FROM coverage_day d WHERE d.network_id = covered.network AND d.grid_code = g.code ORDER BY d.day DESC LIMIT 1
        ) AS k
        WHERE single AND g.network_id = covered.network AND g.valid_to IS NULL
    )
    SELECT d.area_id, d.grid_code, d.buildings, d.households, d.blind_buildings, d.blind_households
    FROM day d CROSS JOIN (SELECT everywhere() AS wide, scope_areas() AS areas, scope_keys() AS keys) AS s
    WHERE (has_role('{leader,planner,supervisor,worker,department,wall}') OR account_id() IS NULL)
        AND (s.wide OR d.area_id = ANY (s.areas) OR d.network_id || '/' || d.grid_code = ANY (s.keys))
$$;
COMMENT ON FUNCTION covered(bigint, boolean) IS 'The headline''s newest day within the actor''s scope, a wall''s too: of the network (no area), of each area and, asked for, of each grid in force.';

-- exceptions -------------------------------------------------------------------------------------

CREATE FUNCTION keep_accepted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    moved bigint[];
    network bigint;
BEGIN
    SELECT array_agg(f.id) INTO moved FROM new_rows n JOIN finding f ON f.id = n.finding_id WHERE f.accepted <> (n.state = 'excepted');
    IF moved IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE finding SET accepted = NOT accepted WHERE id = ANY (moved);
    FOR network IN SELECT DISTINCT f.network_id FROM finding f WHERE f.id = ANY (moved) LOOP
        PERFORM settle_day(network, coalesce(nullif(current_setting('atlas.day', true), '')::date, today()),
            ARRAY(SELECT f.area_id FROM finding f WHERE f.id = ANY (moved) AND f.network_id = network AND f.area_id IS NOT NULL
                UNION SELECT b.area_id FROM finding f JOIN finding_building x ON x.finding_id = f.id JOIN building b ON b.id = x.building_id
                WHERE f.id = ANY (moved) AND f.network_id = network AND b.area_id IS NOT NULL),
            ARRAY(SELECT unnest(f.grid_codes) FROM finding f WHERE f.id = ANY (moved) AND f.network_id = network
                UNION SELECT g.code FROM finding f JOIN finding_building x ON x.finding_id = f.id
                JOIN assignment a ON a.network_id = f.network_id AND a.building_id = x.building_id JOIN grid g ON g.id = a.grid_id
                WHERE f.id = ANY (moved) AND f.network_id = network),
            (SELECT jsonb_object_agg(c.rule, c.n) FROM (
                SELECT f.rule, sum(CASE WHEN f.accepted THEN -1 ELSE 1 END) AS n FROM finding f
                WHERE f.id = ANY (moved) AND f.network_id = network GROUP BY f.rule) AS c));
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_accepted() IS 'Lets a finding count again, or no longer, as its entry comes out of or under an exception; with the day''s headline, in the same transaction.';
REVOKE EXECUTE ON FUNCTION keep_accepted() FROM PUBLIC;
CREATE TRIGGER keep_accepted AFTER UPDATE ON ledger REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_accepted();

CREATE OR REPLACE FUNCTION count_grid_findings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM grid_finding;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO grid_finding AS g (network_id, grid_code, block, blind, warn, hint)
        SELECT network_id, code, count(*) FILTER (WHERE severity = 'block'), count(*) FILTER (WHERE severity = 'blind'),
            count(*) FILTER (WHERE severity = 'warn'), count(*) FILTER (WHERE severity = 'hint')
        FROM new_rows CROSS JOIN unnest(grid_codes) AS code
        WHERE network_id IS NOT NULL AND NOT accepted GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (network_id, grid_code) DO UPDATE SET block = g.block + EXCLUDED.block,
            blind = g.blind + EXCLUDED.blind, warn = g.warn + EXCLUDED.warn, hint = g.hint + EXCLUDED.hint;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE grid_finding AS g SET block = g.block - gone.block, blind = g.blind - gone.blind,
            warn = g.warn - gone.warn, hint = g.hint - gone.hint
        FROM (SELECT network_id, code, count(*) FILTER (WHERE severity = 'block') AS block,
                count(*) FILTER (WHERE severity = 'blind') AS blind, count(*) FILTER (WHERE severity = 'warn') AS warn,
                count(*) FILTER (WHERE severity = 'hint') AS hint
            FROM old_rows CROSS JOIN unnest(grid_codes) AS code WHERE NOT accepted GROUP BY 1, 2) AS gone
        WHERE g.network_id = gone.network_id AND g.grid_code = gone.code;
        DELETE FROM grid_finding WHERE block = 0 AND blind = 0 AND warn = 0 AND hint = 0;
    ELSE
        INSERT INTO grid_finding AS g (network_id, grid_code, block, blind, warn, hint)
        SELECT network_id, code, coalesce(sum(n) FILTER (WHERE severity = 'block'), 0),
            coalesce(sum(n) FILTER (WHERE severity = 'blind'), 0), coalesce(sum(n) FILTER (WHERE severity = 'warn'), 0),
            coalesce(sum(n) FILTER (WHERE severity = 'hint'), 0)
        FROM (SELECT network_id, severity, grid_codes, 1 AS n FROM new_rows WHERE NOT accepted
            UNION ALL SELECT network_id, severity, grid_codes, -1 FROM old_rows WHERE NOT accepted) AS moved
        CROSS JOIN unnest(grid_codes) AS code
        WHERE network_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (network_id, grid_code) DO UPDATE SET block = g.block + EXCLUDED.block,
            blind = g.blind + EXCLUDED.blind, warn = g.warn + EXCLUDED.warn, hint = g.hint + EXCLUDED.hint;
        DELETE FROM grid_finding WHERE block = 0 AND blind = 0 AND warn = 0 AND hint = 0;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_grid_findings() IS 'Keeps grid_finding equal to a recount of finding, those under an exception left out.';
COMMENT ON TABLE grid_finding IS 'Findings that name each grid, counted by severity, those under an exception left out; kept by triggers on finding.';

-- people of the ledger ---------------------------------------------------------------------------

CREATE FUNCTION called(account bigint) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(nullif(a.display, ''), a.name) FROM account a
    WHERE a.id = called.account AND (has_role('{leader,planner,supervisor,worker,department}') OR account_id() IS NULL AND everywhere())
$$;
COMMENT ON FUNCTION called(bigint) IS 'What to call the owner of an entry.';

CREATE FUNCTION called(account text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce((SELECT called(a.id) FROM account a WHERE a.name = called.account), called.account)
$$;
COMMENT ON FUNCTION called(text) IS 'What to call whoever did something to an entry, by the name of his account.';

CREATE FUNCTION known_as(label text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT a.id FROM account a
    WHERE (a.name = label OR a.display = label) AND (has_role('{leader,planner,supervisor,worker,department}') OR account_id() IS NULL AND everywhere())
    ORDER BY a.name <> label, a.id LIMIT 1
$$;
COMMENT ON FUNCTION known_as(text) IS 'Whose account goes by a name: to look for the entries somebody owns.';

CREATE FUNCTION assignees() RETURNS TABLE (id bigint, name text, label text, roles text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    WITH RECURSIVE above AS (
        SELECT a.id, a.parent_id FROM area a WHERE a.id = ANY (scope_areas())
        UNION SELECT p.id, p.parent_id FROM area p JOIN above b ON p.id = b.parent_id
    )
    SELECT a.id, a.name, coalesce(nullif(a.display, ''), a.name), array_agg(DISTINCT r.role ORDER BY r.role)
    FROM account a
    JOIN account_role r ON r.account_id = a.id AND r.role IN ('supervisor', 'worker', 'department')
        AND today() >= r.valid_from AND (r.valid_to IS NULL OR today() <= r.valid_to)
    WHERE a.active AND (has_role('{supervisor}') OR account_id() IS NULL AND everywhere())
        AND (everywhere() OR a.id = account_id() OR EXISTS (
            SELECT FROM account_scope s WHERE s.account_id = a.id
                AND today() >= s.valid_from AND (s.valid_to IS NULL OR today() <= s.valid_to)
                AND (s.reach = 'office' OR s.area_id IN (SELECT b.id FROM above b) OR s.network_id || '/' || s.grid_code = ANY (scope_area_keys()))))
    GROUP BY a.id
    ORDER BY 3, 2
$$;
COMMENT ON FUNCTION assignees() IS 'Whom a supervisor may give an entry to: accounts of workers, departments and supervisors that work where he does.';

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
-- Only the rules close and open again; who owns an entry begins it and says that it is done.
CREATE POLICY acts ON ledger AS RESTRICTIVE FOR UPDATE TO atlas_app USING (state <> 'closed')
    WITH CHECK (state <> 'closed' AND (state IN ('doing', 'checked') OR has_role('{supervisor}')));
SELECT guard('ledger_event', 'select', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('ledger_event', 'insert', '{planner,supervisor,worker,department}', 'entry');
-- Whoever writes signs, and what the rules alone may say nobody says for them.
CREATE POLICY signs ON ledger_event AS RESTRICTIVE FOR INSERT TO atlas_app
    WITH CHECK (actor = actor_name() AND act NOT IN ('found', 'changed', 'gone', 'returned', 'expired'));
SELECT guard('ledger_filter', o, '{leader,planner,supervisor,worker,department}', 'own') FROM unnest(ARRAY['select', 'insert', 'update', 'delete']) AS o;
SELECT guard('task', 'select', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('task', 'insert', '{supervisor}', 'entry');
SELECT guard('task', 'update', '{supervisor}', 'entry');
SELECT guard('task', 'update', '{worker,department}', 'mine');
SELECT guard('proposal', 'select', '{leader,planner,supervisor,worker,department}', 'entry');
SELECT guard('proposal', o, '{planner,supervisor}', 'entry') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('coverage_day', 'select', '{leader,planner,supervisor,worker,department}', 'place');
-- What the rules that count incidents say would tell a wall small numbers and single cases.
CREATE POLICY counted ON finding AS RESTRICTIVE FOR SELECT TO atlas_app
    USING (rule <> ALL ('{silent_category,hotline_only,uncovered_hours,unowned_matter}') OR (SELECT atlas.sees_rows()));
GRANT EXECUTE ON FUNCTION covered(bigint, boolean), called(bigint), called(text), known_as(text), assignees() TO atlas_app;
