-- Who may see and do what: accounts, roles, scope, sessions, tokens; policies keyed to the
-- actor of the transaction; the audit as a chain. Runs as atlas_owner, search_path = atlas, public.

-- accounts ----------------------------------------------------------------------------------

CREATE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Shanghai')::date;
COMMENT ON FUNCTION today() IS 'Day of the office: roles and scope begin and end with it, whatever zone the server counts in.';

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._@-]{1,63}$'),
    display text NOT NULL DEFAULT '' CHECK (char_length(display) <= 80),
    source text NOT NULL DEFAULT 'local' CHECK (source IN ('local', 'oidc')),
    subject text,
    active boolean NOT NULL DEFAULT true,
    demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, subject)
);
COMMENT ON TABLE account IS 'Whoever can sign in: name, what to call it, where it comes from; no password here.';
COMMENT ON COLUMN account.subject IS 'Issuer and subject of the identity provider, for accounts that come from one.';
COMMENT ON COLUMN account.demo IS 'Made for looking around; works only while the server listens on loopback.';

CREATE TABLE credential (
    account_id bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE,
    hash text NOT NULL,
    former text[] NOT NULL DEFAULT '{}',
    must_change boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,
    locked_until timestamptz
);
COMMENT ON TABLE credential IS 'Password hashes (argon2id) and failed attempts; no role of persons reads it.';

CREATE TABLE account_role (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('leader', 'planner', 'supervisor', 'worker', 'department', 'wall', 'auditor', 'admin')),
    valid_from date NOT NULL DEFAULT today(),
    valid_to date,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE account_role IS 'Roles of accounts, each from a day to a day (the last day counts).';
CREATE INDEX account_role_account ON account_role (account_id);

CREATE TABLE account_scope (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    reach text NOT NULL CHECK (reach IN ('office', 'area', 'grid')),
    area_id bigint REFERENCES area ON DELETE CASCADE,
    network_id bigint REFERENCES network ON DELETE CASCADE,
    grid_code text,
    valid_from date NOT NULL DEFAULT today(),
    valid_to date,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((reach = 'area') = (area_id IS NOT NULL)),
    CHECK ((reach = 'grid') = (network_id IS NOT NULL AND grid_code IS NOT NULL)),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE account_scope IS 'Which part of the office an account works on: all of it, an area with what lies in it, or single grids; from a day to a day.';
CREATE INDEX account_scope_account ON account_scope (account_id);

CREATE TABLE login_session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    idle_s integer NOT NULL CHECK (idle_s > 0),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ending text CHECK (ending IN ('signed_out', 'revoked', 'replaced', 'password')),
    address text NOT NULL DEFAULT '',
    agent text NOT NULL DEFAULT ''
);
COMMENT ON TABLE login_session IS 'Who is signed in: only the hash of the token, idle and absolute limits, and how it ended.';
CREATE INDEX login_session_account ON login_session (account_id, ended_at);

CREATE TABLE api_token (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    label text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 80),
    token_hash bytea NOT NULL UNIQUE,
    permits text[] NOT NULL DEFAULT '{tiles}' CHECK (permits <@ ARRAY['tiles', 'findings', 'metrics'] AND permits <> '{}'),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE api_token IS 'Tokens for machines: hashed, for named uses only, expiring; they see what their account sees.';
CREATE INDEX api_token_account ON api_token (account_id);

CREATE TABLE backup (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    file text NOT NULL,
    bytes bigint NOT NULL,
    sha256 text NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}',
    checked_at timestamptz,
    actor text NOT NULL DEFAULT actor_name()
);
COMMENT ON TABLE backup IS 'Backups that were made, with counts and hashes of their tables; checked_at is when one was last restored and compared.';

-- who asks ------------------------------------------------------------------------------------

CREATE FUNCTION enter(name text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    who bigint;
    rights text;
    wide text;
BEGIN
    SELECT a.id, string_agg(r.role, ',' ORDER BY r.role),
        (SELECT 'on' FROM account_scope s WHERE s.account_id = a.id AND s.reach = 'office'
            AND today() >= s.valid_from AND (s.valid_to IS NULL OR today() <= s.valid_to) LIMIT 1)
    INTO who, rights, wide
    FROM account a
    LEFT JOIN account_role r ON r.account_id = a.id AND today() >= r.valid_from AND (r.valid_to IS NULL OR today() <= r.valid_to)
    WHERE a.name = enter.name AND a.active
    GROUP BY a.id;
    PERFORM set_config('atlas.actor', enter.name, true), set_config('atlas.account', coalesce(who::text, ''), true),
        set_config('atlas.roles', coalesce(rights, ''), true), set_config('atlas.everywhere', coalesce(wide, ''), true);
    RETURN coalesce(rights, '');
END $$;
COMMENT ON FUNCTION enter(text) IS 'Names whom this transaction works for and looks up roles and reach of the account; its roles, empty for a name without an active account.';

CREATE FUNCTION account_id() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('atlas.account', true), '')::bigint;
COMMENT ON FUNCTION account_id() IS 'Account of whoever this transaction works for.';

CREATE FUNCTION has_role(roles text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN string_to_array(coalesce(current_setting('atlas.roles', true), ''), ',') && roles;
COMMENT ON FUNCTION has_role(text[]) IS 'Whether the actor has one of these roles today.';

CREATE FUNCTION everywhere() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('atlas.everywhere', true), '') = 'on';
COMMENT ON FUNCTION everywhere() IS 'Whether the actor works on the whole office.';

CREATE FUNCTION scope_areas() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    WITH RECURSIVE inside AS (
        SELECT s.area_id AS id FROM account_scope s
        WHERE s.account_id = atlas.account_id() AND s.reach = 'area'
            AND today() >= s.valid_from AND (s.valid_to IS NULL OR today() <= s.valid_to)
        UNION SELECT a.id FROM area a JOIN inside i ON a.parent_id = i.id
    )
    SELECT coalesce(array_agg(id), '{}') FROM inside
$$;
COMMENT ON FUNCTION scope_areas() IS 'Areas of the actor''s scope with all that lie in them.';

CREATE FUNCTION scope_keys() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(s.network_id || '/' || s.grid_code), '{}') FROM account_scope s
    WHERE s.account_id = atlas.account_id() AND s.reach = 'grid'
        AND today() >= s.valid_from AND (s.valid_to IS NULL OR today() <= s.valid_to)
$$;
COMMENT ON FUNCTION scope_keys() IS 'Network and code of the single grids of the actor''s scope: a code alone may stand in several networks.';

CREATE FUNCTION grid_keys(network_id bigint, codes text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT network_id || '/' || code FROM unnest(codes) AS code);
COMMENT ON FUNCTION grid_keys(bigint, text[]) IS 'Codes of grids with their network, to be compared with a scope.';

CREATE FUNCTION scope_grids() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(g.id), '{}') FROM account_scope s
    JOIN grid g ON g.network_id = s.network_id AND g.code = s.grid_code
    WHERE s.account_id = atlas.account_id() AND s.reach = 'grid'
        AND today() >= s.valid_from AND (s.valid_to IS NULL OR today() <= s.valid_to)
$$;
COMMENT ON FUNCTION scope_grids() IS 'Every version of the single grids of the actor''s scope.';

CREATE FUNCTION scope_area_grids() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT atlas.scope_grids() || coalesce(array_agg(g.id), '{}') FROM grid g WHERE g.area_id = ANY (atlas.scope_areas())
$$;
COMMENT ON FUNCTION scope_area_grids() IS 'Every version of the grids of the actor''s scope, single ones and those of its areas.';

CREATE FUNCTION scope_area_keys() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT g.network_id || '/' || g.code), '{}') FROM grid g WHERE g.id = ANY (atlas.scope_area_grids())
$$;
COMMENT ON FUNCTION scope_area_keys() IS 'Network and code of the grids of the actor''s scope, single ones and those of its areas.';

CREATE FUNCTION scope_buildings() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce(array_agg(s.building_id), '{}') FROM assignment s WHERE s.grid_id = ANY (atlas.scope_grids())
$$;
COMMENT ON FUNCTION scope_buildings() IS 'Buildings of the single grids of the actor''s scope.';

CREATE FUNCTION scope_covers(place geometry) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM grid g WHERE g.id = ANY (atlas.scope_grids()) AND g.valid_to IS NULL AND ST_Covers(g.geom, place))
$$;
COMMENT ON FUNCTION scope_covers(geometry) IS 'Whether a point lies in a single grid of the actor''s scope: asked of what he writes.';

CREATE FUNCTION scope_holds(shape geometry) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT coalesce((SELECT ST_Area(ST_Intersection(ST_Union(a.geom), shape)) FROM area a
        WHERE a.id = ANY (atlas.scope_areas()) AND a.geom && shape) > ST_Area(shape) / 2, false)
$$;
COMMENT ON FUNCTION scope_holds(geometry) IS 'Whether more than half of a polygon lies in the areas of the actor''s scope, whatever area its writer names.';

CREATE FUNCTION refreshed_at(network bigint) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT r.finished_at FROM refresh r
    WHERE r.network_id = refreshed_at.network AND (atlas.account_id() IS NOT NULL OR atlas.everywhere())
    ORDER BY r.id DESC LIMIT 1
$$;
COMMENT ON FUNCTION refreshed_at(bigint) IS 'When the coverage of a network was last computed: everybody may know that, its figures only who works on the whole office.';

-- where a record lies ------------------------------------------------------------------------

ALTER TABLE building ADD COLUMN area_id bigint REFERENCES area ON DELETE SET NULL;
ALTER TABLE incident ADD COLUMN area_id bigint REFERENCES area ON DELETE SET NULL;
COMMENT ON COLUMN building.area_id IS 'Area of the lowest level its point lies in, the lowest id where several do; kept by triggers: the scope is read from it.';
COMMENT ON COLUMN incident.area_id IS 'Area of the lowest level its point lies in, the lowest id where several do; kept by triggers: the scope is read from it.';

CREATE FUNCTION area_at(place geometry) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT a.id FROM area a WHERE a.geom && place AND ST_Covers(a.geom, place)
    ORDER BY array_position(ARRAY['community', 'street', 'district'], a.level), a.id LIMIT 1
$$;
COMMENT ON FUNCTION area_at(geometry) IS 'Area of the lowest level that covers a point.';

CREATE FUNCTION settle_area() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.area_id := CASE WHEN NEW.geom IS NULL THEN NULL ELSE atlas.area_at(NEW.geom) END;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION settle_area() IS 'Gives a record the area it lies in; whatever the writer says.';

CREATE FUNCTION settle_areas() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    PERFORM set_config('atlas.deriving', 'on', true);
    UPDATE building b SET area_id = found.area_id
    FROM (SELECT b.id, (array_agg(a.id ORDER BY array_position(ARRAY['community', 'street', 'district'], a.level), a.id))[1] AS area_id
        FROM building b LEFT JOIN area a ON b.geom && a.geom AND ST_Covers(a.geom, b.geom) GROUP BY b.id) AS found
    WHERE found.id = b.id AND b.area_id IS DISTINCT FROM found.area_id;
    UPDATE incident b SET area_id = found.area_id
    FROM (SELECT b.id, (array_agg(a.id ORDER BY array_position(ARRAY['community', 'street', 'district'], a.level), a.id))[1] AS area_id
        FROM incident b LEFT JOIN area a ON b.geom && a.geom AND ST_Covers(a.geom, b.geom) GROUP BY b.id) AS found
    WHERE found.id = b.id AND b.area_id IS DISTINCT FROM found.area_id;
    PERFORM set_config('atlas.deriving', '', true);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION settle_areas() IS 'After a change of the areas: gives every building and incident the area it lies in now.';

-- A job may have looked the area up for all its rows at once; a person's word is never taken.
CREATE TRIGGER settle_area_new BEFORE INSERT ON building FOR EACH ROW
    WHEN (NEW.area_id IS NULL OR current_user <> 'atlas_owner') EXECUTE FUNCTION settle_area();
CREATE TRIGGER settle_area_moved BEFORE UPDATE OF geom ON building FOR EACH ROW
    WHEN (OLD.geom::bytea IS DISTINCT FROM NEW.geom::bytea) EXECUTE FUNCTION settle_area();
CREATE TRIGGER settle_area_new BEFORE INSERT ON incident FOR EACH ROW
    WHEN (NEW.area_id IS NULL OR current_user <> 'atlas_owner') EXECUTE FUNCTION settle_area();
CREATE TRIGGER settle_area_moved BEFORE UPDATE OF geom ON incident FOR EACH ROW
    WHEN (OLD.geom::bytea IS DISTINCT FROM NEW.geom::bytea) EXECUTE FUNCTION settle_area();
CREATE TRIGGER settle_areas AFTER INSERT OR DELETE OR UPDATE OF geom, level ON area
    FOR EACH STATEMENT EXECUTE FUNCTION settle_areas();


-- What no person writes by hand is written in the owner's name by the triggers.
ALTER FUNCTION bump_layer_version() SECURITY DEFINER SET search_path = atlas, public, pg_temp;
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

SELECT set_config('atlas.deriving', 'on', true);
UPDATE building b SET area_id = area_at(geom) WHERE geom IS NOT NULL;
UPDATE incident b SET area_id = area_at(geom) WHERE geom IS NOT NULL;
SELECT set_config('atlas.deriving', '', true);
CREATE INDEX building_area ON building (area_id);
CREATE INDEX incident_area ON incident (area_id);
CREATE INDEX incident_grid ON incident (grid_id);

-- incidents per grid -----------------------------------------------------------------------

CREATE TABLE grid_incident (
    network_id bigint NOT NULL REFERENCES network ON DELETE CASCADE,
    grid_code text NOT NULL,
    kind text NOT NULL,
    incidents integer NOT NULL,
    PRIMARY KEY (network_id, grid_code, kind)
) WITH (fillfactor = 80);
COMMENT ON TABLE grid_incident IS 'Incidents counted per grid of their day and kind; kept by triggers on incident. Nobody reads it but incident_counts().';

CREATE FUNCTION count_grid_incidents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM grid_incident;
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO grid_incident AS c (network_id, grid_code, kind, incidents)
        SELECT g.network_id, g.code, i.kind, count(*) FROM new_rows i JOIN grid g ON g.id = i.grid_id
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (network_id, grid_code, kind) DO UPDATE SET incidents = c.incidents + EXCLUDED.incidents;
        RETURN NULL;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO grid_incident AS c (network_id, grid_code, kind, incidents)
        SELECT g.network_id, g.code, i.kind, -count(*) FROM old_rows i JOIN grid g ON g.id = i.grid_id
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (network_id, grid_code, kind) DO UPDATE SET incidents = c.incidents + EXCLUDED.incidents;
    ELSE
        INSERT INTO grid_incident AS c (network_id, grid_code, kind, incidents)
        SELECT g.network_id, g.code, i.kind, sum(i.n)
        FROM (SELECT grid_id, kind, 1 AS n FROM new_rows UNION ALL SELECT grid_id, kind, -1 FROM old_rows) AS i
        JOIN grid g ON g.id = i.grid_id
        GROUP BY 1, 2, 3 HAVING sum(i.n) <> 0 ORDER BY 1, 2, 3
        ON CONFLICT (network_id, grid_code, kind) DO UPDATE SET incidents = c.incidents + EXCLUDED.incidents;
    END IF;
    DELETE FROM grid_incident WHERE incidents = 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_grid_incidents() IS 'Keeps grid_incident equal to a recount of incident.';
REVOKE EXECUTE ON FUNCTION count_grid_incidents() FROM PUBLIC;

INSERT INTO grid_incident (network_id, grid_code, kind, incidents)
SELECT g.network_id, g.code, i.kind, count(*) FROM incident i JOIN grid g ON g.id = i.grid_id GROUP BY 1, 2, 3;
CREATE TRIGGER count_grid_inserted AFTER INSERT ON incident REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_grid_incidents();
CREATE TRIGGER count_grid_updated AFTER UPDATE ON incident REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_grid_incidents();
CREATE TRIGGER count_grid_deleted AFTER DELETE ON incident REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_grid_incidents();
CREATE TRIGGER count_grid_truncated AFTER TRUNCATE ON incident FOR EACH STATEMENT EXECUTE FUNCTION count_grid_incidents();

CREATE FUNCTION incident_counts() RETURNS TABLE (grid_id bigint, kind text, incidents integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT g.id, c.kind, CASE WHEN c.incidents >= 5 THEN c.incidents END
    FROM grid_incident c
    JOIN grid g ON g.network_id = c.network_id AND g.code = c.grid_code AND g.valid_to IS NULL
    WHERE atlas.has_role('{wall}') AND c.network_id = (SELECT n.id FROM network n WHERE n.kind = 'comprehensive' ORDER BY n.id LIMIT 1)
        AND (atlas.everywhere() OR g.id = ANY (atlas.scope_area_grids()))
$$;
COMMENT ON FUNCTION incident_counts() IS 'What a wall may know of incidents: per grid in force of one network and per kind, null for fewer than five. Coarser figures are added up from these, so that no difference of figures gives a hidden one away.';

CREATE FUNCTION incident_marks(z integer, x integer, y integer, kinds text[]) RETURNS TABLE (kind text, told text, size integer, place geometry)
LANGUAGE sql STABLE SET search_path = atlas, public, pg_temp AS $$
    WITH grids AS (
        SELECT g.id, ST_PointOnSurface(g.geom_web) AS middle FROM grid g
        WHERE g.valid_to IS NULL AND g.geom_web && ST_TileEnvelope(z, x, y)
    ), marks AS (
        SELECT c.kind, c.incidents, (ST_X(g.middle) / 40075016.685578488 + 0.5) * 2 ^ z - x AS across,
            (0.5 - ST_Y(g.middle) / 40075016.685578488) * 2 ^ z - y AS down
        FROM incident_counts() c JOIN grids g ON g.id = c.grid_id
        WHERE kinds IS NULL OR c.kind = ANY (kinds)
    )
    SELECT m.kind,
        CASE WHEN count(*) = count(m.incidents) THEN sum(m.incidents)::text
            WHEN count(m.incidents) = 0 THEN '< ' || 5 * count(*)
            ELSE sum(m.incidents) || '+' END,
        width_bucket(greatest(coalesce(sum(m.incidents), 0), 1)::integer, ARRAY[1, 4, 16, 64, 256]) - 1,
        ST_Point(floor(m.across * 64) * 64 + CASE WHEN m.kind IN ('matter', 'dispute') THEN 16 ELSE 48 END,
            floor(m.down * 64) * 64 + CASE WHEN m.kind IN ('matter', 'hazard') THEN 16 ELSE 48 END)
    FROM marks m WHERE m.across >= 0 AND m.across < 1 AND m.down >= 0 AND m.down < 1
    GROUP BY m.kind, floor(m.across * 64), floor(m.down * 64)
$$;
COMMENT ON FUNCTION incident_marks(integer, integer, integer, text[]) IS 'Marks of a tile for a wall: one per kind and 1/64 tile, in the middle of the grids, never where something happened; "< 5" for few, "17+" for a sum with few in it.';

-- the audit as a chain -------------------------------------------------------------------------

CREATE TABLE audit_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    base_seq bigint NOT NULL DEFAULT 0,
    base_hash bytea NOT NULL DEFAULT '\x'
);
COMMENT ON TABLE audit_head IS 'Both ends of the audit''s chain: its newest link, and the link before its oldest (moved by the retention).';

ALTER TABLE audit ADD COLUMN seq bigint, ADD COLUMN origin text NOT NULL DEFAULT '', ADD COLUMN hash bytea;
COMMENT ON COLUMN audit.seq IS 'Place in the chain, without gaps.';
COMMENT ON COLUMN audit.origin IS 'Where the deed came from: a network address, "cli", "job".';
COMMENT ON COLUMN audit.hash IS 'SHA-256 over the hash before it and this row: a changed, deleted or moved row breaks the chain.';

CREATE FUNCTION audit_hash(before_it bytea, link audit) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(before_it || convert_to(concat_ws(E'\x1f',
    link.seq, floor(extract(epoch FROM link.at) * 1000000)::bigint, link.actor, link.action, link.relation, link.subject,
    coalesce(link.before::text, E'\x1e'), coalesce(link.after::text, E'\x1e'), coalesce(link.reason, E'\x1e'), link.origin), 'UTF8'));
COMMENT ON FUNCTION audit_hash(bytea, audit) IS 'Hash of a link of the audit''s chain.';

CREATE FUNCTION link_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE head audit_head;
BEGIN
    -- One writer at a time: the row is the lock, and the order of the chain that of the commits.
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    NEW.at := clock_timestamp();
    NEW.actor := coalesce(actor_name(), NEW.actor);
    NEW.seq := head.seq + 1;
    NEW.origin := coalesce(nullif(current_setting('atlas.origin', true), ''), NEW.origin);
    NEW.hash := audit_hash(head.hash, NEW);
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION link_audit() IS 'Gives a new audit row its place in the chain, its time, its actor; nobody else does.';

INSERT INTO audit_head (seq, hash) VALUES (0, '\x');
DO $$
DECLARE
    link audit;
    last bytea := '\x';
    place bigint := 0;
BEGIN
    FOR link IN SELECT * FROM audit ORDER BY id LOOP
        place := place + 1;
        link.seq := place;
        last := atlas.audit_hash(last, link);
        UPDATE audit SET seq = place, hash = last WHERE id = link.id;
    END LOOP;
    UPDATE audit_head SET seq = place, hash = last;
END $$;
ALTER TABLE audit ALTER COLUMN seq SET NOT NULL, ALTER COLUMN hash SET NOT NULL, ADD UNIQUE (seq);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE TRIGGER link_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION link_audit();

CREATE FUNCTION audit_forget(until timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    head audit_head;
    last audit;
    gone bigint;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    SELECT * INTO last FROM audit a WHERE a.at < until ORDER BY a.seq DESC LIMIT 1;
    IF last.seq IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM audit a WHERE a.seq <= last.seq;
    GET DIAGNOSTICS gone = ROW_COUNT;
    UPDATE audit_head SET base_seq = last.seq, base_hash = last.hash;
    INSERT INTO audit (action, relation, subject, after)
    VALUES ('forget', 'audit', last.seq::text, jsonb_build_object('rows', gone, 'until', until));
    RETURN gone;
END $$;
COMMENT ON FUNCTION audit_forget(timestamptz) IS 'Retention: takes rows before a time out of the chain''s beginning, leaves a row that says so; how many went. Jobs only.';
REVOKE EXECUTE ON FUNCTION audit_forget(timestamptz) FROM PUBLIC;

CREATE FUNCTION audit_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - ARRAY['token_hash', 'updated_at', 'seen_at', 'used_at'] END;
    is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - ARRAY['token_hash', 'updated_at', 'seen_at', 'used_at'] END;
    whose text;
BEGIN
    IF was IS NOT DISTINCT FROM is_now THEN
        RETURN NULL;
    END IF;
    whose := CASE WHEN TG_TABLE_NAME = 'account' THEN coalesce(is_now, was) ->> 'name'
        WHEN TG_TABLE_NAME = 'network' THEN coalesce(is_now, was) ->> 'code'
        ELSE (SELECT a.name FROM account a WHERE a.id = (coalesce(is_now, was) ->> 'account_id')::bigint) END;
    INSERT INTO audit (action, relation, subject, before, after, reason)
    VALUES (lower(TG_OP), TG_TABLE_NAME, coalesce(whose, ''), was, is_now, nullif(current_setting('atlas.reason', true), ''));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION audit_change() IS 'Writes an audit row, with before and after, for each change of a row; secrets are left out.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['account', 'account_role', 'account_scope', 'api_token', 'network'] LOOP
        IF t IN ('account_role', 'account_scope') THEN
            -- Tiles kept under other rights are other tiles.
            EXECUTE format('CREATE TRIGGER bump_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION bump_layer_version()', t);
        END IF;
        EXECUTE format('CREATE TRIGGER audit_change AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION audit_change()', t);
    END LOOP;
END $$;

-- masking -----------------------------------------------------------------------------------------

CREATE FUNCTION mask_text(words text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    -- Digits are narrow or wide (U+FF10 …), with up to two separators between them where people write them so.
    d text := U&'[0-9\FF10-\FF19]';
    i text := U&'0-9\FF10-\FF19';
    s text := U&'[ \3000\00a0\0009.\00b7_\2014\2013-]{0,2}';
    x text := U&'[0-9\FF10-\FF19Xx\FF38\FF58]';
    chinese text := '一二三四五六七八九十';
BEGIN
    IF words IS NULL OR words !~ ('[' || i || U&':\FF1A]') THEN
        RETURN words;
    END IF;
    -- ID numbers: first six and last; phones: 138****8000; other numbers of 11 digits and more.
    words := regexp_replace(words, format('(?<!%1$s)(%1$s(?:%2$s%1$s){5})(?:%2$s%1$s){11}%2$s(%3$s)(?!%1$s)', d, s, x), '\1***********\2', 'g');
    words := regexp_replace(words, format(U&'(?<!%1$s)((?:[0\FF10]{0,2}[8\FF18][6\FF16]%2$s|[0\FF10])?[1\FF11]%2$s[3-9\FF13-\FF19]%2$s%1$s)(?:%2$s%1$s){4}((?:%2$s%1$s){4})(?!%1$s)', d, s), '\1****\2', 'g');
    words := regexp_replace(words, format('(%1$s{3})%1$s{4,}(%1$s{3}%2$s)', d, x), '\1****\2', 'g');
    -- landlines with an area code, and without one (neither a date nor a sum)
    words := regexp_replace(words, format(U&'(?<!%1$s)([(\FF08]?[0\FF10]%1$s{2,3}[)\FF09]?)%2$s%1$s{3,4}%2$s(%1$s{4})(?!%1$s)', d, s), '\1****\2', 'g');
    words := regexp_replace(words, format(U&'(?<![%1$sA-Za-z*.])(?!20[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9](?![0-9]))[2-9\FF12-\FF19]%2$s{2,3}[ -]?(%2$s{4})(?![%1$s元万平㎡年.])', i, d), '****\1', 'g');
    -- rooms: 3号楼2单元501室, 3栋501, 2单元501, 3-2-501, 501室
    words := regexp_replace(words, format('((?:%1$s+|[A-Za-z])(?:号楼|号院|栋|幢|座|楼|号))%2$s(?:[%3$sA-Za-z%4$s]{1,4}(?:单元|门|梯))?%2$s%1$s{2,4}(?:室|房|户|号房)', d, s, i, chinese), '\1', 'g');
    words := regexp_replace(words, format('((?:%1$s+|[A-Za-z])(?:号楼|栋|幢|座))-?(?:[%2$sA-Za-z%3$s]{1,4}(?:单元|门|梯))?-?%1$s{3,4}(?![%2$s户人元平㎡年])', d, i, chinese), '\1', 'g');
    words := regexp_replace(words, format('(单元|门|梯)%2$s%1$s{3,4}(?![%3$s人元平㎡年])', d, s, i), '\1***', 'g');
    words := regexp_replace(words, format('(?<![%2$s-])(%1$s{1,3})-%1$s{1,2}-%1$s{3,4}(?![%2$s-])', d, i), '\1-**', 'g');
    words := regexp_replace(words, format('(?<!%1$s)%1$s{3,4}(室|号房)', d), '***\1', 'g');
    -- names that are called such
    RETURN regexp_replace(words, U&'((?:姓名|当事人|申请人|联系人|投诉人|来电人|户主|租户|业主|住户)[:\FF1A] ?[\4e00-\9fff])[\4e00-\9fff\00b7]{1,3}', '\1**', 'g');
END $$;
COMMENT ON FUNCTION mask_text(text) IS 'Free text without ID numbers (first six and last stay), phones (138****8000), other long numbers, landlines, rooms (to the building), and names after a word like 联系人:. Too much rather than too little; a name in the middle of a sentence is not found.';

CREATE FUNCTION mask_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN char_length(name) > 1 THEN left(name, 1) || repeat('*', least(char_length(name) - 1, 2)) ELSE name END;
COMMENT ON FUNCTION mask_name(text) IS 'A person''s name as shown to those who need not know it: 张**.';

CREATE FUNCTION sees_personal() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN has_role('{supervisor,worker}') OR account_id() IS NULL;
COMMENT ON FUNCTION sees_personal() IS 'Whether the actor reads free text unmasked (jobs do; a person without an account sees no row to read); everybody else may ask for one record, with a reason, and leaves an audit row.';

CREATE FUNCTION shown(words text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN sees_personal() THEN words ELSE mask_text(words) END;
COMMENT ON FUNCTION shown(text) IS 'Free text as the actor may read it.';

CREATE FUNCTION sees_rows() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN has_role('{leader,planner,supervisor,worker,department}') OR account_id() IS NULL;
COMMENT ON FUNCTION sees_rows() IS 'Whether the actor sees buildings and incidents one by one; a wall does not.';

CREATE FUNCTION shown_measure(measure jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN sees_rows() THEN measure ELSE measure - 'incidents' END;
COMMENT ON FUNCTION shown_measure(jsonb) IS 'Numbers of a finding as the actor may read them: a wall does not learn how many incidents lie in a gap.';

-- rights --------------------------------------------------------------------------------------------

CREATE FUNCTION guard(relation text, operation text, roles text[], reach text) RETURNS void
LANGUAGE plpgsql SET search_path = atlas, public, pg_temp AS $$
DECLARE
    -- "(SELECT …)" is computed once per query, not per row.
    wide text := '(SELECT atlas.everywhere())';
    lies text := 'area_id = ANY ((SELECT atlas.scope_areas())::bigint[])';
    told text := wide || ' OR ' || lies
        || ' OR grid_codes <> ''{}'' AND atlas.grid_keys(network_id, grid_codes) && (SELECT atlas.scope_keys())';
    found text; -- rows that may be read or changed
    left_as text; -- rows as they may be left behind, where that is another question
    who text := format('(SELECT atlas.has_role(%L::text[]))', roles);
BEGIN
    found := CASE reach
        WHEN 'all' THEN 'true'
        WHEN 'office' THEN wide
        WHEN 'area' THEN wide || ' OR ' || lies
        WHEN 'building' THEN wide || ' OR ' || lies || ' OR id = ANY ((SELECT atlas.scope_buildings())::bigint[])'
        WHEN 'incident' THEN wide || ' OR ' || lies || ' OR grid_id = ANY ((SELECT atlas.scope_grids())::bigint[])'
        WHEN 'grid' THEN wide || ' OR grid_id = ANY ((SELECT atlas.scope_area_grids())::bigint[])'
        WHEN 'code' THEN wide || ' OR network_id || ''/'' || grid_code = ANY ((SELECT atlas.scope_area_keys())::text[])'
        WHEN 'finding' THEN told
        WHEN 'land' THEN '(' || told || ') AND NOT subjects ? ''incident'''
        WHEN 'me' THEN 'id = (SELECT atlas.account_id())'
        WHEN 'own' THEN 'account_id = (SELECT atlas.account_id())'
        WHEN 'signed' THEN wide || ' OR actor = (SELECT atlas.actor_name())'
        ELSE 'false' END;
    left_as := CASE reach
        WHEN 'area' THEN wide || ' OR (' || lies || ' AND atlas.scope_holds(geom))'
        WHEN 'building' THEN wide || ' OR ' || lies || ' OR atlas.scope_covers(geom)'
        WHEN 'incident' THEN found || ' OR atlas.scope_covers(geom)'
        WHEN 'signed' THEN 'actor = (SELECT atlas.actor_name())'
        ELSE found END;
    found := who || ' AND (' || found || ')';
    left_as := who || ' AND (' || left_as || ')';
    IF operation = 'select' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR SELECT TO atlas_app USING (%s)', reach || '_select', relation, found);
    ELSIF operation = 'insert' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR INSERT TO atlas_app WITH CHECK (%s)', reach || '_insert', relation, left_as);
    ELSIF operation = 'update' THEN
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR UPDATE TO atlas_app USING (%s) WITH CHECK (%s)', reach || '_update', relation, found, left_as);
    ELSE
        EXECUTE format('CREATE POLICY %I ON atlas.%I FOR DELETE TO atlas_app USING (%s)', reach || '_delete', relation, found);
    END IF;
    EXECUTE format('GRANT %s ON atlas.%I TO atlas_app', upper(operation), relation);
END $$;
COMMENT ON FUNCTION guard(text, text, text[], text) IS 'Lets roles do one operation on a table, on the rows of a reach; what no call lets is refused. The matrix of docs/access.md is tested against it.';
REVOKE EXECUTE ON FUNCTION guard(text, text, text[], text) FROM PUBLIC;

DO $$
DECLARE t text;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'atlas' AND tablename <> 'migration' LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('REVOKE ALL ON atlas.%I FROM atlas_app', t);
        EXECUTE format('DROP POLICY IF EXISTS app_known ON atlas.%I', t);
        IF NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'atlas' AND p.tablename = t AND p.policyname = 'owner_all') THEN
            EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        END IF;
    END LOOP;
END $$;

SELECT guard(t, 'select', '{leader,planner,supervisor,worker,department,wall,admin}', 'all') FROM unnest(ARRAY['area', 'network', 'grid']) AS t;
SELECT guard(t, 'select', '{leader,planner,supervisor,worker,department,wall}', 'all') FROM unnest(ARRAY['excluded', 'road', 'water', 'green']) AS t;
SELECT guard('layer_version', 'select', '{leader,planner,supervisor,worker,department,wall,auditor,admin}', 'all');
SELECT guard('building', 'select', '{leader,planner,supervisor,worker,department}', 'building');
SELECT guard('building_cell', 'select', '{leader,planner,supervisor,worker,department,wall}', 'office');
SELECT guard('incident', 'select', '{leader,planner,supervisor,worker,department}', 'incident');
SELECT guard('incident_cell', 'select', '{leader,planner,supervisor,worker,department}', 'office');
SELECT guard('assignment', 'select', '{leader,planner,supervisor,worker,department}', 'grid');
SELECT guard('grid_figure', 'select', '{leader,planner,supervisor,worker,department,wall}', 'grid');
SELECT guard('grid_finding', 'select', '{leader,planner,supervisor,worker,department,wall}', 'code');
SELECT guard('finding', 'select', '{leader,planner,supervisor,worker,department}', 'finding');
SELECT guard('finding', 'select', '{wall}', 'land');
SELECT guard('refresh', 'select', '{leader,planner,supervisor,worker,department}', 'office');
SELECT guard('import', 'select', '{planner,supervisor}', 'signed');
SELECT guard('import', 'select', '{auditor}', 'all');
SELECT guard('audit', 'select', '{auditor}', 'all');
SELECT guard('backup', 'select', '{admin,auditor}', 'all');

-- Areas are what scopes are made of: whoever moves a border moves what he and others see.
SELECT guard('area', o, '{planner}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('grid', o, '{planner}', 'area') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('network', o, '{planner}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard(t, o, '{planner}', 'office') FROM unnest(ARRAY['road', 'water', 'green']) AS t, unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('excluded', o, '{planner,supervisor}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('building', o, '{planner,supervisor}', 'building') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('incident', o, '{supervisor}', 'incident') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('import', 'insert', '{planner,supervisor}', 'signed');
SELECT guard('audit', 'insert', '{leader,planner,supervisor,worker,department,wall,auditor,admin}', 'all');

SELECT guard('account', 'select', '{admin,auditor}', 'all');
SELECT guard('account', 'select', '{leader,planner,supervisor,worker,department,wall}', 'me');
SELECT guard(t, 'select', '{admin,auditor}', 'all') FROM unnest(ARRAY['account_role', 'account_scope', 'login_session', 'api_token']) AS t;
SELECT guard(t, 'select', '{leader,planner,supervisor,worker,department,wall}', 'own') FROM unnest(ARRAY['account_role', 'account_scope', 'login_session', 'api_token']) AS t;
SELECT guard('account', o, '{admin}', 'all') FROM unnest(ARRAY['insert', 'update']) AS o;
SELECT guard(t, o, '{admin}', 'all') FROM unnest(ARRAY['account_role', 'account_scope']) AS t, unnest(ARRAY['insert', 'update', 'delete']) AS o;
SELECT guard('login_session', 'update', '{admin}', 'all');
SELECT guard('login_session', 'update', '{leader,planner,supervisor,worker,department,wall,auditor}', 'own');
SELECT guard('api_token', o, '{admin}', 'all') FROM unnest(ARRAY['insert', 'update']) AS o;

-- What has ended stays so.
CREATE POLICY ends ON login_session AS RESTRICTIVE FOR UPDATE TO atlas_app USING (ended_at IS NULL) WITH CHECK (ended_at IS NOT NULL);
CREATE POLICY ends ON api_token AS RESTRICTIVE FOR UPDATE TO atlas_app USING (revoked_at IS NULL) WITH CHECK (revoked_at IS NOT NULL);

-- What of a row an actor may touch, beyond which rows.
REVOKE UPDATE ON login_session, api_token, account FROM atlas_app;
GRANT UPDATE (ended_at, ending) ON login_session TO atlas_app;
GRANT UPDATE (revoked_at) ON api_token TO atlas_app;
GRANT UPDATE (display, active, updated_at) ON account TO atlas_app;
REVOKE SELECT ON login_session, api_token FROM atlas_app;
GRANT SELECT (id, account_id, created_at, seen_at, idle_s, expires_at, ended_at, ending, address, agent) ON login_session TO atlas_app;
GRANT SELECT (id, account_id, label, permits, created_at, expires_at, used_at, revoked_at) ON api_token TO atlas_app;

GRANT EXECUTE ON FUNCTION enter(text) TO atlas_app, atlas_read;
