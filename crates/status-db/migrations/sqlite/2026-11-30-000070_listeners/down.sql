CREATE TABLE bookmarks (
  listener TEXT PRIMARY KEY NOT NULL,
  after_event BIGINT NOT NULL
);
CREATE TABLE parked_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  listener TEXT NOT NULL,
  event BIGINT NOT NULL,
  why TEXT NOT NULL,
  parked_at BIGINT NOT NULL
);
INSERT INTO bookmarks (listener, after_event) SELECT name, place FROM listeners WHERE place IS NOT NULL;
INSERT INTO parked_events (listener, event, why, parked_at)
  SELECT l.name, d.event, d.why, d.parked_at FROM dead_letters d JOIN listeners l ON l.id = d.listener ORDER BY d.id;
INSERT INTO kept_states (owner, value_json)
  SELECT 'listener ' || name, state_json FROM listeners WHERE state_json IS NOT NULL;
DROP TABLE dead_letters;
DROP TABLE listeners;
