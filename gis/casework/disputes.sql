-- name: open!
-- gives a case its row of dispute, with the building it lies in
INSERT INTO atlas.dispute (incident_id, building_id) VALUES (%(incident)s, %(building)s) ON CONFLICT (incident_id) DO NOTHING;

-- name: stand
-- how a dispute stands: what its rules ask
SELECT d.mediations, d.outcome, d.ways, d.form, d.signed_on, d.perform_by, d.performed, d.confirm_by, d.confirm, d.applied_on, d.visits
FROM atlas.dispute d WHERE d.incident_id = %(incident)s;

-- name: settle!
-- keeps what is given of scale
UPDATE atlas.dispute SET people = coalesce(%(people)s, people), amount = coalesce(%(amount)s, amount), involved = coalesce(%(involved)s, involved),
    major = coalesce(%(major)s, major), updated_at = now()
WHERE incident_id = %(incident)s;

-- name: mediate!
-- keeps one mediation and how it ended; an agreement that was not performed is mediated anew, and stays in the history
UPDATE atlas.dispute SET mediations = mediations + 1, mediated_at = %(at)s, method = %(method)s, mediator = coalesce(%(mediator)s, mediator),
    organisation = coalesce(%(organisation)s, organisation), police_at = CASE WHEN %(police)s THEN coalesce(police_at, %(at)s) ELSE police_at END,
    outcome = CASE WHEN %(result)s = 'going' THEN NULL ELSE %(result)s END,
    ended_on = CASE WHEN %(result)s = 'going' THEN NULL ELSE (%(at)s AT TIME ZONE 'Asia/Shanghai')::date END,
    ways = coalesce(%(ways)s, ways), form = NULL, agreement = '', signed_on = NULL, terms = '', perform_by = NULL, performed = NULL,
    performed_on = NULL, confirm_by = NULL, confirm = NULL, applied_on = NULL, confirmed_on = NULL, ruling = '', updated_at = now()
WHERE incident_id = %(incident)s;

-- name: agree!
-- keeps what was agreed
UPDATE atlas.dispute SET outcome = 'settled', ended_on = %(signed_on)s, form = %(form)s, agreement = coalesce(%(agreement)s, ''), signed_on = %(signed_on)s,
    terms = coalesce(%(terms)s, ''), perform_by = %(perform_by)s, confirm_by = %(confirm_by)s,
    performed = NULL, performed_on = NULL, confirm = NULL, applied_on = NULL, confirmed_on = NULL, ruling = '', visits = 0, updated_at = now()
WHERE incident_id = %(incident)s;

-- name: perform!
-- keeps how far it was performed
UPDATE atlas.dispute SET performed = %(performed)s, performed_on = %(on)s, ways = coalesce(%(ways)s, ways), updated_at = now() WHERE incident_id = %(incident)s;

-- name: confirm!
-- keeps what became of the judicial confirmation
UPDATE atlas.dispute SET confirm = %(confirm)s, applied_on = CASE WHEN %(confirm)s = 'applied' THEN %(on)s ELSE applied_on END,
    confirmed_on = CASE WHEN %(confirm)s = 'applied' THEN NULL ELSE %(on)s END, ruling = coalesce(%(ruling)s, ruling), updated_at = now()
WHERE incident_id = %(incident)s;

-- name: finish!
-- keeps an outcome without agreement
UPDATE atlas.dispute SET outcome = %(outcome)s, ended_on = coalesce(ended_on, (%(at)s AT TIME ZONE 'Asia/Shanghai')::date), ways = coalesce(%(ways)s, ways),
    updated_at = now()
WHERE incident_id = %(incident)s;

-- name: relapse!
-- takes a dispute up anew: what was agreed did not hold; it stays in the history and in the events
UPDATE atlas.dispute SET relapses = relapses + (outcome = 'settled')::integer, outcome = NULL, ended_on = NULL, form = NULL, agreement = '', signed_on = NULL,
    terms = '', perform_by = NULL, performed = NULL, performed_on = NULL, confirm_by = NULL, confirm = NULL, applied_on = NULL, confirmed_on = NULL,
    ruling = '', ways = '', visits = 0, updated_at = now()
WHERE incident_id = %(incident)s;

-- name: visit!
-- counts a visit
UPDATE atlas.dispute SET visits = visits + 1, visited_on = %(on)s, updated_at = now() WHERE incident_id = %(incident)s;

-- name: visit_by!
-- keeps until when the next visit is due
UPDATE atlas.dispute SET visit_by = %(by)s, updated_at = now() WHERE incident_id = %(incident)s AND visit_by IS DISTINCT FROM %(by)s;

-- name: phase
-- level and state of a case after the act, visits made, whether it is settled, and the day the next interval counts from
SELECT c.level, c.state, d.visits, d.outcome IS NOT DISTINCT FROM 'settled' AS settled
FROM atlas.casefile c JOIN atlas.dispute d ON d.incident_id = c.incident_id WHERE c.incident_id = %(incident)s;

-- name: detail
-- a dispute as its page shows it
SELECT c.level, d.people, d.amount, atlas.shown(d.involved) AS involved, d.major, d.method, atlas.shown(d.mediator) AS mediator, d.organisation, d.mediations,
    d.mediated_at, d.police_at, d.outcome, d.ended_on, atlas.shown(d.ways) AS ways, d.form, d.agreement, d.signed_on, atlas.shown(d.terms) AS terms,
    d.perform_by, d.performed, d.performed_on, d.confirm_by, d.confirm, d.applied_on, d.confirmed_on, d.ruling, d.visit_by, d.visits, d.visited_on,
    d.relapses, b.code AS building, r.code AS relapse
FROM atlas.dispute d JOIN atlas.casefile c ON c.incident_id = d.incident_id LEFT JOIN atlas.building b ON b.id = d.building_id
LEFT JOIN LATERAL (
    SELECT i.code FROM atlas.case_link l JOIN atlas.incident i ON i.id = l.other_id WHERE l.incident_id = d.incident_id AND l.relation = 'relapse' ORDER BY l.created_at DESC LIMIT 1
) AS r ON true
WHERE d.incident_id = %(incident)s;
