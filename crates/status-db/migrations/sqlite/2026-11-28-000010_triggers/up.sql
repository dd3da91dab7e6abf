-- What sets apart the buildsets that one build triggers.
ALTER TABLE buildsets ADD COLUMN parent_key TEXT;
CREATE UNIQUE INDEX buildsets_by_parent_key ON buildsets (parent_build, parent_key);
