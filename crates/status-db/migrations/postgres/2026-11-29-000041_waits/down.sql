ALTER TABLE workers DROP COLUMN process;
ALTER TABLE build_requests DROP COLUMN waiting_for;
