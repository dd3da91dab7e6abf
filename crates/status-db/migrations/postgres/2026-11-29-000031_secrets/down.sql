ALTER TABLE builds DROP COLUMN used_secrets;
