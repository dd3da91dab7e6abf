DROP INDEX buildsets_by_parent_key;
ALTER TABLE buildsets DROP COLUMN parent_key;
