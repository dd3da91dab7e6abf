DROP TABLE step_pieces;
DROP TABLE step_checkpoints;
ALTER TABLE build_requests DROP COLUMN cancel_reason;
ALTER TABLE builds DROP COLUMN stop_reason;
ALTER TABLE builds DROP COLUMN configuration;
DROP TABLE configurations;
