-- The configuration that a master goes by now.
ALTER TABLE masters ADD COLUMN configuration BIGINT;
