-- name: open!
-- gives a case its row of enforcement
INSERT INTO atlas.enforcement (incident_id) VALUES (%(incident)s) ON CONFLICT (incident_id) DO NOTHING;

-- name: stand
-- how an enforcement case stands: what its rules ask
SELECT f.procedure, f.cause, f.basis, f.offender, f.acted_on, f.grave, f.reviewed, f.hearing, f.measures, f.amount,
    (SELECT coalesce(jsonb_object_agg(s.stage, s.at), '{}') FROM atlas.enforcement_stage s WHERE s.incident_id = f.incident_id) AS stages,
    (SELECT count(*) FROM atlas.enforcement_officer o WHERE o.incident_id = f.incident_id)::integer AS officers
FROM atlas.enforcement f WHERE f.incident_id = %(incident)s;

-- name: settle!
-- keeps what is given of cause, basis and procedure
UPDATE atlas.enforcement SET procedure = coalesce(%(procedure)s, procedure), cause = coalesce(%(cause)s, cause), basis = coalesce(%(basis)s, basis),
    item = coalesce(%(item)s, item), source = coalesce(%(source)s, source), offender = coalesce(%(offender)s, offender),
    acted_on = coalesce(%(acted_on)s, acted_on), grave = coalesce(%(grave)s, grave), updated_at = now()
WHERE incident_id = %(incident)s;

-- name: known
-- officers by card: id, card and whether the card holds on the day
SELECT o.id, o.card, %(day)s::date >= o.valid_from AND (o.valid_to IS NULL OR %(day)s::date <= o.valid_to) AS holds
FROM atlas.officer o WHERE o.card = ANY (%(cards)s);

-- name: dismiss!
-- takes officers off a case that are not named any more
DELETE FROM atlas.enforcement_officer WHERE incident_id = %(incident)s AND officer_id <> ALL (%(officers)s);

-- name: appoint
-- puts officers on a case
INSERT INTO atlas.enforcement_officer (incident_id, officer_id) SELECT %(incident)s, unnest(%(officers)s::bigint[]) ON CONFLICT DO NOTHING;

-- name: lapsed
-- cards of the case's officers that do not hold on the day
SELECT o.card FROM atlas.enforcement_officer e JOIN atlas.officer o ON o.id = e.officer_id
WHERE e.incident_id = %(incident)s AND NOT (%(day)s::date >= o.valid_from AND (o.valid_to IS NULL OR %(day)s::date <= o.valid_to)) ORDER BY o.card;

-- name: stage!
-- keeps when a stage was reached; said again it is a correction
INSERT INTO atlas.enforcement_stage (incident_id, stage, at, event_id, paper, urgent)
VALUES (%(incident)s, %(stage)s, %(on)s, %(event)s, coalesce(%(paper)s, ''), coalesce(%(urgent)s, ''))
ON CONFLICT (incident_id, stage) DO UPDATE SET at = excluded.at, event_id = excluded.event_id, urgent = excluded.urgent,
    paper = CASE WHEN excluded.paper = '' THEN enforcement_stage.paper ELSE excluded.paper END, updated_at = now();

-- name: decide!
-- keeps what was decided
UPDATE atlas.enforcement SET measures = %(measures)s, amount = %(amount)s, decision = coalesce(%(paper)s, decision), updated_at = now()
WHERE incident_id = %(incident)s;

-- name: note!
-- keeps whether a legal review is needed, and what became of the right to a hearing
UPDATE atlas.enforcement SET reviewed = coalesce(%(reviewed)s, reviewed), hearing = coalesce(%(hearing)s, hearing), updated_at = now()
WHERE incident_id = %(incident)s;

-- name: found
-- the case or whistle a source names, as far as the actor sees it: id of the incident, null for a whistle without another one
SELECT i.id FROM atlas.incident i WHERE i.code = %(code)s AND i.id <> %(incident)s
UNION ALL SELECT nullif(w.incident_id, %(incident)s) FROM atlas.whistle w WHERE w.code = %(code)s;

-- name: known_on
-- day the case became known: of its first event
SELECT (min(e.at) AT TIME ZONE 'Asia/Shanghai')::date FROM atlas.case_event e WHERE e.incident_id = %(incident)s HAVING count(*) > 0;

-- name: unlink!
-- takes back that the other is perhaps the same case: it is what is behind it
DELETE FROM atlas.case_link WHERE incident_id = %(incident)s AND other_id = %(other)s AND relation = 'duplicate';

-- name: link!
-- says that one case is behind the other
INSERT INTO atlas.case_link (incident_id, other_id, relation) VALUES (%(incident)s, %(other)s, 'cause') ON CONFLICT (incident_id, other_id) DO NOTHING;

-- name: detail
-- an enforcement case as its page shows it
SELECT f.procedure, f.source, atlas.shown(f.cause) AS cause, f.basis, f.item, f.offender, f.acted_on, f.grave, f.reviewed, f.hearing, f.decision, f.measures, f.amount
FROM atlas.enforcement f WHERE f.incident_id = %(incident)s;

-- name: officers
-- officers of a case
SELECT o.id, o.card, o.name, o.unit, o.valid_from, o.valid_to FROM atlas.enforcement_officer e JOIN atlas.officer o ON o.id = e.officer_id
WHERE e.incident_id = %(incident)s ORDER BY o.card;

-- name: roster
-- all officers, those whose card holds first
SELECT o.id, o.card, o.name, o.unit, o.valid_from, o.valid_to FROM atlas.officer o
ORDER BY o.valid_to IS NOT NULL AND o.valid_to < atlas.today(), o.card;

-- name: enlist
-- keeps an officer; said again of a card it is a correction, and what is not given stays
INSERT INTO atlas.officer (card, name, unit, valid_from, valid_to)
VALUES (%(card)s, %(name)s, %(unit)s, coalesce(%(valid_from)s, atlas.today()), %(valid_to)s)
ON CONFLICT (card) DO UPDATE SET name = excluded.name, unit = coalesce(nullif(excluded.unit, ''), officer.unit),
    valid_to = coalesce(excluded.valid_to, officer.valid_to), updated_at = now(),
    valid_from = CASE WHEN %(valid_from)s::date IS NULL THEN officer.valid_from ELSE excluded.valid_from END
RETURNING id;

-- name: record
-- stages reached, each with the papers and pictures of the case's events of that stage
SELECT s.stage, s.at, s.paper, s.urgent, s.actor,
    (SELECT count(*) FROM atlas.photo p JOIN atlas.case_event e ON e.id = p.event_id
        WHERE e.incident_id = s.incident_id AND (e.id = s.event_id OR e.data ->> 'stage' = s.stage))::integer AS papers
FROM atlas.enforcement_stage s WHERE s.incident_id = %(incident)s;
