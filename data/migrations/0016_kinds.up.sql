-- What each kind of case has of its own: hazards, disputes and their parties, enforcement cases
-- with stages and officers. Runs as atlas_owner with search_path = atlas, public.

CREATE TABLE hazard (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL UNIQUE REFERENCES incident ON DELETE CASCADE,
    building_id bigint REFERENCES building ON DELETE SET NULL,
    radius_m numeric(8, 1) CHECK (radius_m >= 0),
    demand text NOT NULL DEFAULT '',
    duty text NOT NULL DEFAULT '',
    deadline date,
    means text NOT NULL DEFAULT '',
    funds numeric(14, 2) CHECK (funds >= 0),
    funding text NOT NULL DEFAULT '',
    plan text NOT NULL DEFAULT '',
    measured_at timestamptz,
    interim text NOT NULL DEFAULT '',
    interim_at timestamptz,
    listed_on date,
    extended_to date,
    checked_by text,
    checked_at timestamptz,
    apart_m double precision,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hazard IS 'What a hazard has of its own: where it reaches, what is demanded, the five things settled for a major one (责任 时限 措施 资金 预案), what protects people meanwhile, and its re-check.';
COMMENT ON COLUMN hazard.building_id IS 'Building it was found in; frozen with the report.';
COMMENT ON COLUMN hazard.radius_m IS 'How far its effect reaches.';
COMMENT ON COLUMN hazard.duty IS '责任: who answers for removing it (unit and post).';
COMMENT ON COLUMN hazard.deadline IS '时限: last day, without extension.';
COMMENT ON COLUMN hazard.funding IS '资金: where the sum in funds comes from.';
COMMENT ON COLUMN hazard.measured_at IS 'When the five were settled; null until all of them are.';
COMMENT ON COLUMN hazard.listed_on IS 'Since when it stands under listed supervision (挂牌督办).';
COMMENT ON COLUMN hazard.checked_by IS 'Who found it removed; never whoever handled it.';
COMMENT ON COLUMN hazard.apart_m IS 'Distance between the pictures before and after.';
CREATE INDEX hazard_building ON hazard (building_id) WHERE building_id IS NOT NULL;

CREATE TABLE dispute (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL UNIQUE REFERENCES incident ON DELETE CASCADE,
    building_id bigint REFERENCES building ON DELETE SET NULL,
    people integer CHECK (people >= 0),
    amount numeric(14, 2) CHECK (amount >= 0),
    involved text NOT NULL DEFAULT '',
    major boolean NOT NULL DEFAULT false,
    method text CHECK (method IN ('people', 'administrative', 'judicial', 'arbitration', 'petition', 'persuasion')),
    mediator text NOT NULL DEFAULT '',
    organisation text NOT NULL DEFAULT '',
    mediations integer NOT NULL DEFAULT 0,
    mediated_at timestamptz,
    police_at timestamptz,
    outcome text CHECK (outcome IN ('settled', 'failed', 'refused', 'transferred', 'withdrawn')),
    ended_on date,
    ways text NOT NULL DEFAULT '',
    form text CHECK (form IN ('written', 'oral', 'none')),
    agreement text NOT NULL DEFAULT '',
    signed_on date,
    terms text NOT NULL DEFAULT '',
    perform_by date,
    performed text CHECK (performed IN ('yes', 'partly', 'no')),
    performed_on date,
    confirm_by date,
    confirm text CHECK (confirm IN ('applied', 'confirmed', 'refused')),
    applied_on date,
    confirmed_on date,
    ruling text NOT NULL DEFAULT '',
    visit_by date,
    visits integer NOT NULL DEFAULT 0,
    visited_on date,
    relapses integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (form IS NULL OR outcome = 'settled'),
    CHECK (confirm_by IS NULL OR signed_on IS NOT NULL)
);
COMMENT ON TABLE dispute IS 'What a dispute has of its own: scale, mediation, agreement, its performance and judicial confirmation, and the next visit due. One row from first report to relapse, whatever week it is shown in.';
COMMENT ON COLUMN dispute.people IS 'People involved: the scale bands of the provincial form are counted from it.';
COMMENT ON COLUMN dispute.involved IS 'Units involved; persons stand in party.';
COMMENT ON COLUMN dispute.police_at IS 'When the police were told of a risk of crime (人民调解法 art. 25).';
COMMENT ON COLUMN dispute.ways IS 'Other ways the parties were told of when mediation failed (人民调解法 art. 26).';
COMMENT ON COLUMN dispute.terms IS 'What was agreed and how it is performed, without names of persons.';
COMMENT ON COLUMN dispute.confirm_by IS 'Last day to apply for judicial confirmation together (人民调解法 art. 33).';
COMMENT ON COLUMN dispute.visits IS 'Visits since it was taken up, or since it was settled: then so many follow as its colour asks.';
COMMENT ON COLUMN dispute.relapses IS 'How often it broke out again after it was settled and was taken up anew under the same id.';
COMMENT ON COLUMN dispute.visit_by IS 'Day until which the next visit is due, by the colour of the case; null when none is.';
CREATE INDEX dispute_building ON dispute (building_id) WHERE building_id IS NOT NULL;
-- Those open in a week, among all the cases there ever were.
CREATE INDEX casefile_disputes ON casefile (coalesce(closed_at, 'infinity')) WHERE kind = 'dispute';
CREATE INDEX dispute_visit ON dispute (visit_by) WHERE visit_by IS NOT NULL;

CREATE TABLE party (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    part text NOT NULL CHECK (part IN ('applicant', 'respondent', 'offender', 'responsible', 'witness', 'other')),
    kind text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'organisation')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    gender text NOT NULL DEFAULT '',
    ethnicity text NOT NULL DEFAULT '',
    education text NOT NULL DEFAULT '',
    trait text NOT NULL DEFAULT '',
    id_kind text NOT NULL DEFAULT '',
    id_number text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    gone_at timestamptz,
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE party IS 'Persons and organisations on the other side of a case: parties of a dispute, whoever is penalised, whoever has to remove a hazard. Personal data, and nothing else; field list of GB/T 31000 as configured.';
COMMENT ON COLUMN party.gone_at IS 'Since when it is no party any more; the row stays.';
CREATE INDEX party_incident ON party (incident_id);

CREATE TABLE officer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card text NOT NULL UNIQUE CHECK (card ~ '^[0-9A-Za-z-]{4,40}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
    unit text NOT NULL DEFAULT '',
    valid_from date NOT NULL DEFAULT today(),
    valid_to date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON TABLE officer IS 'Who holds an enforcement card, from a day to a day (the last day counts).';

CREATE TABLE enforcement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL UNIQUE REFERENCES incident ON DELETE CASCADE,
    procedure text NOT NULL DEFAULT 'ordinary' CHECK (procedure IN ('simple', 'ordinary')),
    source text NOT NULL DEFAULT '',
    cause text NOT NULL DEFAULT '',
    basis text NOT NULL DEFAULT '',
    item text NOT NULL DEFAULT '',
    offender text CHECK (offender IN ('person', 'organisation')),
    acted_on date,
    grave boolean NOT NULL DEFAULT false,
    reviewed boolean NOT NULL DEFAULT false,
    hearing text CHECK (hearing IN ('none', 'told', 'asked', 'waived')),
    decision text NOT NULL DEFAULT '',
    measures text[] NOT NULL DEFAULT '{}' CHECK (measures <@ ARRAY['warning', 'fine', 'confiscate', 'correct', 'demolish', 'transfer', 'none']),
    amount numeric(14, 2) CHECK (amount >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (amount IS NULL OR 'fine' = ANY (measures))
);
COMMENT ON TABLE enforcement IS 'What an enforcement case has of its own: cause, legal basis, item of the duty list, and what was decided.';
COMMENT ON COLUMN enforcement.source IS 'Code of the hazard, whistle or other case it came from; empty when it came by itself.';
COMMENT ON COLUMN enforcement.acted_on IS 'Day of the act, its last day where it went on (行政处罚法 art. 36).';
COMMENT ON COLUMN enforcement.grave IS 'It touches life, health or finance with harmful result: five years instead of two (行政处罚法 art. 36).';
COMMENT ON COLUMN enforcement.reviewed IS 'A legal review has to come before the decision (行政处罚法 art. 58).';

CREATE TABLE enforcement_stage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    stage text NOT NULL CHECK (stage IN ('file', 'investigate', 'review', 'notify', 'hear', 'decide', 'deliver', 'perform', 'execute', 'close')),
    at timestamptz NOT NULL,
    event_id bigint NOT NULL REFERENCES case_event ON DELETE CASCADE,
    paper text NOT NULL DEFAULT '',
    urgent text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT actor_name(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (incident_id, stage)
);
COMMENT ON TABLE enforcement_stage IS 'When each stage of an enforcement case was reached; the papers of a stage are those of its events.';
COMMENT ON COLUMN enforcement_stage.paper IS 'Number of the paper that ends the stage.';
COMMENT ON COLUMN enforcement_stage.urgent IS 'Why execution could not wait for day or working day (行政强制法 art. 43).';

CREATE TABLE enforcement_officer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incident ON DELETE CASCADE,
    officer_id bigint NOT NULL REFERENCES officer,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (incident_id, officer_id)
);
COMMENT ON TABLE enforcement_officer IS 'Officers of an enforcement case: two at least (行政处罚法 art. 42).';

-- parties: masked, and revealed with a reason -----------------------------------------------------

CREATE FUNCTION reaches_case(incident bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM casefile c WHERE c.incident_id = incident
        AND (everywhere() OR c.area_id = ANY (scope_areas()) OR c.grid_id = ANY (scope_grids()))
        AND (has_role('{leader,supervisor,worker}') OR has_role('{department}') AND c.units && account_units() OR account_id() IS NULL))
$$;
COMMENT ON FUNCTION reaches_case(bigint) IS 'Whether a case is the actor''s to deal with; said again here for functions that run as the owner.';

CREATE FUNCTION party_masks(incident bigint) RETURNS TABLE (id bigint, part text, kind text, name text, phone text, address text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
    SELECT p.id, p.part, p.kind, CASE p.kind WHEN 'person' THEN mask_name(p.name) ELSE p.name END, mask_text(p.phone),
        CASE p.kind WHEN 'person' THEN '' ELSE mask_text(p.address) END
    FROM party p WHERE p.incident_id = incident AND p.gone_at IS NULL AND reaches_case(incident) ORDER BY p.id
$$;
COMMENT ON FUNCTION party_masks(bigint) IS 'Parties of a case as leaders and departments may read them: 张**, 138****8000, no address of a person.';

CREATE FUNCTION reveal_parties(incident bigint, reason text) RETURNS SETOF party
LANGUAGE plpgsql SECURITY DEFINER SET search_path = atlas, public, pg_temp AS $$
BEGIN
    IF char_length(btrim(reason)) NOT BETWEEN 4 AND 200 OR NOT reaches_case(incident) THEN
        RAISE insufficient_privilege;
    END IF;
    INSERT INTO audit (action, relation, subject, after, reason)
    SELECT 'reveal', 'party', i.code, jsonb_build_object('parties', (SELECT count(*) FROM party p WHERE p.incident_id = incident)), btrim(reveal_parties.reason)
    FROM incident i WHERE i.id = incident;
    RETURN QUERY SELECT p.* FROM party p WHERE p.incident_id = incident AND p.gone_at IS NULL ORDER BY p.id;
END $$;
COMMENT ON FUNCTION reveal_parties(bigint, text) IS 'Parties of a case in full, to whoever deals with it; there is no way to them without the audit row.';

-- who may -----------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['hazard', 'dispute', 'party', 'officer', 'enforcement', 'enforcement_stage', 'enforcement_officer'] LOOP
        EXECUTE format('ALTER TABLE atlas.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE atlas.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON atlas.%I TO atlas_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE TRIGGER keep_updated AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
        EXECUTE format('CREATE TRIGGER keep_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_history()', t);
    END LOOP;
END $$;

SELECT guard('hazard', 'select', '{leader,planner,supervisor,worker,department}', 'case');
SELECT guard(t, 'select', '{leader,supervisor,worker,department}', 'case') FROM unnest(ARRAY['dispute', 'enforcement', 'enforcement_stage', 'enforcement_officer']) AS t;
SELECT guard(t, o, '{leader,supervisor,worker,department}', 'case')
FROM unnest(ARRAY['hazard', 'dispute', 'enforcement', 'enforcement_stage']) AS t, unnest(ARRAY['insert', 'update']) AS o;
SELECT guard('enforcement_officer', o, '{leader,supervisor,worker,department}', 'case') FROM unnest(ARRAY['insert', 'delete']) AS o;
SELECT guard('party', o, '{supervisor,worker}', 'case') FROM unnest(ARRAY['select', 'insert', 'update']) AS o;
SELECT guard('officer', 'select', '{leader,supervisor,worker,department}', 'all');
SELECT guard('officer', o, '{supervisor}', 'office') FROM unnest(ARRAY['insert', 'update']) AS o;
REVOKE EXECUTE ON FUNCTION reaches_case(bigint), party_masks(bigint), reveal_parties(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reaches_case(bigint), party_masks(bigint), reveal_parties(bigint, text) TO atlas_app;
