ALTER TABLE workers DROP COLUMN away_reason;
