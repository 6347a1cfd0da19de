-- Takes away the frozen reports and their notes.
DROP TABLE report_note, report;
DROP FUNCTION stay_frozen();
DELETE FROM reach WHERE name IN ('ground', 'report');
