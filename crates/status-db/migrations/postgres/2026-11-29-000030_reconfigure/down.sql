ALTER TABLE masters DROP COLUMN configuration;
