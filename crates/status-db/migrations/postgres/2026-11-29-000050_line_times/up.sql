-- When the lines of a chunk were stored, in microseconds; null for those of before.
ALTER TABLE log_chunks ADD COLUMN stored_at BIGINT;
-- The same of the last chunk, so that times never fall along a log whatever the clock does.
ALTER TABLE logs ADD COLUMN last_stored_at BIGINT;
