-- Takes calendar, limits, clocks and categories away; what case files say of their clocks stays as it is.
ALTER TABLE incident DROP COLUMN IF EXISTS standard, DROP COLUMN IF EXISTS category_code;
DROP TABLE category_match, category, case_clock, time_limit, office_hours, holiday;
