ALTER TABLE logs DROP COLUMN last_stored_at;
ALTER TABLE log_chunks DROP COLUMN stored_at;
