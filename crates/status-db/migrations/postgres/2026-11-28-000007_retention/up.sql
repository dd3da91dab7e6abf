-- When a change came, by the store's clock; how old it is for retention. Those that are there came when their source
-- stamp was made, or later.
ALTER TABLE changes ADD COLUMN received_at BIGINT NOT NULL DEFAULT 0;
UPDATE changes SET received_at =
  (SELECT created_at FROM source_stamps WHERE source_stamps.id = changes.source_stamp);
CREATE INDEX changes_by_received_at ON changes (received_at, id);

-- What refers to a row that goes is looked for.
CREATE INDEX force_keys_by_buildset ON force_keys (buildset);
CREATE INDEX source_stamps_by_patch ON source_stamps (patch);

-- What a segment still holds.
CREATE INDEX log_chunks_by_segment ON log_chunks (segment);
