-- The history in the tables of Buildbot 4.3. The builds' logs show what the last log that is there already holds.

-- The first ids that are free, and the master's.
CREATE TEMP TABLE next AS SELECT
  (SELECT coalesce(max(id), 0) + 1 FROM sourcestamps) AS stamp,
  (SELECT coalesce(max(changeid), 0) + 1 FROM changes) AS change,
  (SELECT coalesce(max(id), 0) + 1 FROM buildsets) AS buildset,
  (SELECT coalesce(max(id), 0) + 1 FROM buildrequests) AS request,
  (SELECT coalesce(max(id), 0) + 1 FROM builds) AS build,
  (SELECT coalesce(max(id), 0) + 1 FROM steps) AS step,
  (SELECT coalesce(max(id), 0) + 1 FROM logs) AS log,
  (SELECT min(id) FROM masters) AS master;
CREATE TEMP TABLE by_builder (b INTEGER PRIMARY KEY, builder INTEGER NOT NULL);
INSERT INTO by_builder SELECT CAST(substr(name, 2) AS INTEGER), id FROM builders WHERE name GLOB 'b[0-9][0-9][0-9]';
CREATE TEMP TABLE by_worker (w INTEGER PRIMARY KEY, worker INTEGER NOT NULL);
INSERT INTO by_worker SELECT CAST(substr(name, 2) AS INTEGER), id FROM workers WHERE name GLOB 'w[0-9][0-9]';

-- A revision serves as its stamp's hash: it is as much one of a kind.
INSERT INTO sourcestamps (id, ss_hash, branch, revision, repository, codebase, project, created_at)
SELECT stamp + c, revision, branch, revision, 'https://example.org/app.git', '', 'app', at FROM pushes, next;

INSERT INTO changes (changeid, author, committer, comments, branch, revision, when_timestamp, repository, codebase,
  project, sourcestampid, parent_changeids)
SELECT change + c, author, author, comments, branch, revision, at, 'https://example.org/app.git', '', 'app', stamp + c,
  iif(c = 0, NULL, change + c - 1)
FROM pushes, next;

INSERT INTO change_files (changeid, filename)
SELECT change + c, f.name
FROM pushes CROSS JOIN next CROSS JOIN (SELECT 'README' AS name UNION ALL SELECT 'Makefile') AS f;
INSERT INTO change_files (changeid, filename) SELECT change + c, file FROM pushes, next;

INSERT INTO buildsets (id, reason, submitted_at, complete, complete_at, results)
SELECT buildset + c, 'change ' || (change + c), at, 1, sets.ended, sets.results
FROM sets JOIN pushes USING (c), next ORDER BY c;

INSERT INTO buildset_properties (buildsetid, property_name, property_value)
SELECT buildset + c, 'scheduler', '["any", "Scheduler"]' FROM pushes, next;

INSERT INTO buildset_sourcestamps (buildsetid, sourcestampid) SELECT buildset + c, stamp + c FROM pushes, next;

INSERT INTO buildrequests (id, buildsetid, builderid, priority, complete, results, submitted_at, complete_at, waited_for)
SELECT request + n, buildset + runs.c, builder, 0, 1, results, at, ended, 0
FROM runs CROSS JOIN next CROSS JOIN pushes ON pushes.rowid = runs.c + 1 CROSS JOIN by_builder USING (b);

INSERT INTO buildrequest_claims (brid, masterid, claimed_at) SELECT request + n, master, started FROM runs, next;

INSERT INTO builds (id, number, builderid, buildrequestid, workerid, masterid, started_at, complete_at,
  locks_duration_s, state_string, results)
SELECT build + n, number, builder, request + n, worker, master, started, ended, 0,
  CASE results WHEN 2 THEN 'failed ''make check'' (failure)' ELSE 'build successful' END, results
FROM runs CROSS JOIN next CROSS JOIN by_builder USING (b) CROSS JOIN by_worker USING (w);

INSERT INTO build_properties (buildid, name, value, source) SELECT build + n, name, text, source FROM facts, next;

INSERT INTO steps (id, number, name, buildid, started_at, locks_acquired_at, complete_at, state_string, results,
  urls_json, hidden)
SELECT step + piece, s, name, build + n, begun, begun, done, state, results, '[]', 0 FROM pieces, next;

CREATE TEMP TABLE copied AS SELECT * FROM logs WHERE id = (SELECT max(id) FROM logs WHERE num_lines > 0);
CREATE TEMP TABLE copied_chunks AS SELECT * FROM logchunks WHERE logid = (SELECT id FROM copied);

INSERT INTO logs (id, name, slug, stepid, complete, num_lines, type)
SELECT next.log + piece, copied.name, copied.slug, next.step + piece, 1, copied.num_lines, copied.type
FROM pieces, next, copied;

INSERT INTO logchunks (logid, first_line, last_line, content, compressed)
SELECT next.log + piece, first_line, last_line, content, compressed
FROM pieces CROSS JOIN next CROSS JOIN copied_chunks;
