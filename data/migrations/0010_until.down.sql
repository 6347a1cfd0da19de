-- Rules judge the running day again.
DROP FUNCTION judged_at(bigint, timestamptz);
ALTER TABLE network DROP COLUMN complete_until;
