-- The names of the secrets that a build has used, a line each: a master that goes on with it keeps their values out of sight.
ALTER TABLE builds ADD COLUMN used_secrets TEXT;
