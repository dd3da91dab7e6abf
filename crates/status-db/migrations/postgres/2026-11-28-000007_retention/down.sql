DROP INDEX log_chunks_by_segment;
DROP INDEX source_stamps_by_patch;
DROP INDEX force_keys_by_buildset;
DROP INDEX changes_by_received_at;
ALTER TABLE changes DROP COLUMN received_at;
