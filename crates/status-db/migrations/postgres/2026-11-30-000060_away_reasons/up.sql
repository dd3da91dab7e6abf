-- Why a worker is not connected: how its last connection ended, or why its last attempt to come was refused; null while it is
-- connected, and for those that left before.
ALTER TABLE workers ADD COLUMN away_reason TEXT COLLATE "C";
