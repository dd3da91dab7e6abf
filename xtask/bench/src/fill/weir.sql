-- The history in Weir's tables. The builds' logs show what the last log that is there already holds.

-- The first ids that are free, and the master's.
CREATE TEMP TABLE next AS SELECT
  (SELECT coalesce(max(id), 0) + 1 FROM source_stamps) AS stamp,
  (SELECT coalesce(max(id), 0) + 1 FROM changes) AS change,
  (SELECT coalesce(max(id), 0) + 1 FROM buildsets) AS buildset,
  (SELECT coalesce(max(id), 0) + 1 FROM build_requests) AS request,
  (SELECT coalesce(max(id), 0) + 1 FROM builds) AS build,
  (SELECT coalesce(max(id), 0) + 1 FROM steps) AS step,
  (SELECT coalesce(max(id), 0) + 1 FROM logs) AS log,
  (SELECT min(id) FROM masters) AS master;
CREATE TEMP TABLE by_builder (b INTEGER PRIMARY KEY, builder INTEGER NOT NULL);
INSERT INTO by_builder SELECT CAST(substr(name, 2) AS INTEGER), id FROM builders WHERE name GLOB 'b[0-9][0-9][0-9]';
CREATE TEMP TABLE by_worker (w INTEGER PRIMARY KEY, worker INTEGER NOT NULL);
INSERT INTO by_worker SELECT CAST(substr(name, 2) AS INTEGER), id FROM workers WHERE name GLOB 'w[0-9][0-9]';

-- A revision serves as its stamp's digest: it is as much one of a kind.
INSERT INTO source_stamps (id, digest, revision, branch, repository, project, codebase, created_at)
SELECT stamp + c, revision, revision, branch, 'https://example.org/app.git', 'app', '', at * 1000000
FROM pushes, next;

INSERT INTO changes (id, parents_json, author, files_json, comments, revision, branch, properties_json,
  repository, project, codebase, source_stamp, made_at)
SELECT change + c, iif(c = 0, '[]', '[' || (change + c - 1) || ']'), author, '["README","Makefile","' || file || '"]',
  comments, revision, branch, '{}', 'https://example.org/app.git', 'app', '', stamp + c, at * 1000000
FROM pushes, next;

INSERT INTO buildsets (id, reason, submitted_at, complete_at, results, properties_json)
SELECT buildset + c, 'change ' || (change + c), at * 1000000, sets.ended * 1000000, sets.results,
  '{"scheduler":{"value":"any","source":"Scheduler"}}'
FROM sets JOIN pushes USING (c), next ORDER BY c;

INSERT INTO buildset_sources (buildset, source_stamp) SELECT buildset + c, stamp + c FROM pushes, next;
INSERT INTO buildset_changes (buildset, change) SELECT buildset + c, change + c FROM pushes, next;

INSERT INTO build_requests (id, buildset, builder, priority, claimed_at, claimed_by, complete_at, results,
  submitted_at, waited_for)
SELECT request + n, buildset + runs.c, builder, 0, started * 1000000, master, ended * 1000000, results, at * 1000000, 0
FROM runs CROSS JOIN next CROSS JOIN pushes ON pushes.rowid = runs.c + 1 CROSS JOIN by_builder USING (b);

INSERT INTO builds (id, number, builder, request, worker, master, started_at, complete_at, locks_duration_s,
  results, state)
SELECT build + n, number, builder, request + n, worker, master, started * 1000000, ended * 1000000, 0, results,
  CASE results WHEN 2 THEN 'failed ''make check''' ELSE 'build successful' END
FROM runs CROSS JOIN next CROSS JOIN by_builder USING (b) CROSS JOIN by_worker USING (w);

INSERT INTO build_properties (build, name, value_json, source) SELECT build + n, name, text, source FROM facts, next;

INSERT INTO steps (id, number, name, build, started_at, locks_acquired_at, complete_at, results, state, urls_json, hidden)
SELECT step + piece, s, name, build + n, begun * 1000000, begun * 1000000, done * 1000000, results, state, '[]', 0
FROM pieces, next;

CREATE TEMP TABLE copied AS SELECT * FROM logs WHERE id = (SELECT max(id) FROM logs WHERE num_lines > 0);
CREATE TEMP TABLE copied_chunks AS SELECT * FROM log_chunks WHERE log = (SELECT id FROM copied);

INSERT INTO logs (id, name, slug, step, complete, num_lines, kind)
SELECT next.log + piece, copied.name, copied.slug, next.step + piece, 1, copied.num_lines, copied.kind
FROM pieces, next, copied;

INSERT INTO log_chunks (log, first_line, line_count, segment, byte_offset, byte_length)
SELECT next.log + piece, first_line, line_count, segment, byte_offset, byte_length
FROM pieces CROSS JOIN next CROSS JOIN copied_chunks;
