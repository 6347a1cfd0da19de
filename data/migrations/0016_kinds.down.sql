-- Takes away what the kinds had of their own; the cases and their events stay.
DROP FUNCTION reveal_parties(bigint, text), party_masks(bigint), reaches_case(bigint);
DROP TABLE enforcement_officer, enforcement_stage, enforcement, officer, party, dispute, hazard;
DROP INDEX casefile_disputes;
