-- What a request waits for that only its master knows, for people.
ALTER TABLE build_requests ADD COLUMN waiting_for TEXT COLLATE "C";
-- The process that a worker was last: one that comes as another has ended, as it was told to.
ALTER TABLE workers ADD COLUMN process TEXT COLLATE "C";
