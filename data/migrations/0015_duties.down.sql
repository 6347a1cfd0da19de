-- Takes versions of the duty list, list meetings and whistles away; the items of the list stay.
DROP TABLE whistle_unit, whistle_event, whistle, agenda, meeting;
DROP FUNCTION settle_whistle(), duties_of(text, text);
DROP SEQUENCE whistle_number;
DELETE FROM reach WHERE name = 'whistled';
DELETE FROM duty WHERE valid_to < valid_from; -- never in force: the older table does not know such items
ALTER TABLE duty DROP CONSTRAINT duty_days, DROP COLUMN categories, DROP COLUMN task, DROP COLUMN domain, DROP COLUMN number, DROP COLUMN list_id;
ALTER TABLE duty ADD CHECK (valid_to IS NULL OR valid_to >= valid_from);
COMMENT ON COLUMN duty.valid_to IS NULL;
COMMENT ON TABLE duty IS 'Items of the duty list (权责清单): which unit leads for a category, in the whole street or in one area, from a day to a day. Casework gives it versions.';
DROP TABLE duty_list;
DELETE FROM layer_version WHERE relation = 'whistle';
