-- Listeners: their places in the events, who runs them, and how they fare.
CREATE TABLE listeners (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT UNIQUE NOT NULL,
  kind TEXT NOT NULL,
  -- The runner that holds it, who that is for people, and until when; null while nobody does.
  holder TEXT,
  held_on TEXT,
  held_until BIGINT,
  -- How often its place went back at somebody's wish: whoever does not know of the last time keeps no place.
  rewinds BIGINT NOT NULL DEFAULT 0,
  -- All events up to this one are done, and those of the list; null before it begins.
  place BIGINT,
  done_json TEXT NOT NULL DEFAULT '[]',
  waiting BOOLEAN NOT NULL DEFAULT FALSE,
  waiting_reason TEXT,
  waiting_since BIGINT,
  dead_letters BIGINT NOT NULL DEFAULT 0,
  -- What the listener keeps itself.
  state_json TEXT
);

-- Events that could not be delivered, in whole: they are needed when the events are no longer kept.
CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  listener BIGINT NOT NULL REFERENCES listeners (id),
  event BIGINT NOT NULL,
  event_at BIGINT NOT NULL,
  verb TEXT NOT NULL,
  entity_json TEXT NOT NULL,
  why TEXT NOT NULL,
  parked_at BIGINT NOT NULL,
  again BOOLEAN NOT NULL DEFAULT FALSE,
  UNIQUE (listener, event)
);

INSERT INTO listeners (name, kind)
  SELECT listener, 'listener' FROM bookmarks UNION SELECT listener, 'listener' FROM parked_events;
UPDATE listeners SET
  place = (SELECT after_event FROM bookmarks WHERE bookmarks.listener = listeners.name),
  state_json = (SELECT value_json FROM kept_states WHERE owner = 'listener ' || listeners.name);
DELETE FROM kept_states WHERE owner IN (SELECT 'listener ' || name FROM listeners);
-- One that is no longer among the events cannot be delivered any more.
INSERT INTO dead_letters (listener, event, event_at, verb, entity_json, why, parked_at)
  SELECT l.id, p.event, e.at, e.verb, e.entity_json, p.why, p.parked_at
    FROM parked_events p JOIN listeners l ON l.name = p.listener JOIN events e ON e.id = p.event
    WHERE p.id = (SELECT MAX(q.id) FROM parked_events q WHERE q.listener = p.listener AND q.event = p.event)
    ORDER BY p.id;
UPDATE listeners SET
  dead_letters = (SELECT COUNT(*) FROM dead_letters WHERE dead_letters.listener = listeners.id);
DROP TABLE parked_events;
DROP TABLE bookmarks;
