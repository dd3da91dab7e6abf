-- Texts that masters were configured with, each once: a build that outlives its master goes on by the one it began with.
CREATE TABLE configurations (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
ALTER TABLE builds ADD COLUMN configuration BIGINT;
-- Who asked for the end, and why, for a master that was away then.
ALTER TABLE builds ADD COLUMN stop_reason TEXT;
ALTER TABLE build_requests ADD COLUMN cancel_reason TEXT;

-- What the engine must know to go on with a step that runs. The value is the engine's own affair.
CREATE TABLE step_checkpoints (
  step BIGINT PRIMARY KEY NOT NULL REFERENCES steps (id),
  number BIGINT NOT NULL,
  body BLOB NOT NULL
);
-- What is too much to be written anew each time: each piece was added with the checkpoint of its number.
CREATE TABLE step_pieces (
  step BIGINT NOT NULL REFERENCES steps (id),
  number BIGINT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (step, number)
);
