-- Takes the ledger and its memory away; the findings of the last refresh stay.
DROP TABLE coverage_day, proposal, task, ledger_filter, ledger_event, ledger, finding_building;
ALTER TABLE finding DROP COLUMN key, DROP COLUMN accepted;
COMMENT ON TABLE finding IS 'What the rules found at the last refresh; the ledger that keeps their memory comes with the coverage ledger.';
