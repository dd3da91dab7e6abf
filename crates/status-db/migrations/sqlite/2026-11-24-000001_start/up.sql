-- Times are microseconds since the Unix epoch, UTC. Columns whose names end in _json hold JSON texts.
-- Lists can be filtered and ordered by nearly every column of the big tables, so nearly every one has an index.

CREATE TABLE masters (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  active BOOLEAN NOT NULL,
  last_active BIGINT NOT NULL
);

CREATE TABLE projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  description TEXT,
  description_format TEXT
);

CREATE TABLE codebases (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  project BIGINT NOT NULL REFERENCES projects (id),
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  UNIQUE (project, slug),
  UNIQUE (project, name)
);

CREATE TABLE commits (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  codebase BIGINT NOT NULL REFERENCES codebases (id),
  author TEXT NOT NULL,
  committer TEXT,
  comments TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  revision TEXT NOT NULL,
  parent BIGINT REFERENCES commits (id),
  UNIQUE (codebase, revision)
);
CREATE INDEX commits_by_codebase ON commits (codebase, id);
CREATE INDEX commits_by_author ON commits (author, id);
CREATE INDEX commits_by_committer ON commits (committer, id);
CREATE INDEX commits_by_comments ON commits (comments, id);
CREATE INDEX commits_by_made_at ON commits (made_at, id);
CREATE INDEX commits_by_revision ON commits (revision, id);
CREATE INDEX commits_by_parent ON commits (parent, id);

CREATE TABLE branches (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  codebase BIGINT NOT NULL REFERENCES codebases (id),
  name TEXT NOT NULL,
  head BIGINT REFERENCES commits (id),
  last_moved_at BIGINT NOT NULL,
  UNIQUE (codebase, name)
);

CREATE TABLE change_sources (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  master BIGINT REFERENCES masters (id)
);
CREATE INDEX change_sources_by_master ON change_sources (master);

CREATE TABLE builders (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  description_format TEXT,
  project BIGINT REFERENCES projects (id),
  tags_json TEXT NOT NULL
);
CREATE INDEX builders_by_project ON builders (project);

CREATE TABLE builder_masters (
  builder BIGINT NOT NULL REFERENCES builders (id),
  master BIGINT NOT NULL REFERENCES masters (id),
  PRIMARY KEY (builder, master)
);
CREATE INDEX builder_masters_by_master ON builder_masters (master);

CREATE TABLE workers (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  info_json TEXT NOT NULL,
  paused BOOLEAN NOT NULL,
  pause_reason TEXT,
  graceful BOOLEAN NOT NULL
);

CREATE TABLE configured_workers (
  worker BIGINT NOT NULL REFERENCES workers (id),
  master BIGINT NOT NULL REFERENCES masters (id),
  builder BIGINT NOT NULL REFERENCES builders (id),
  PRIMARY KEY (worker, master, builder)
);
CREATE INDEX configured_workers_by_builder ON configured_workers (builder);
CREATE INDEX configured_workers_by_master ON configured_workers (master);

CREATE TABLE connected_workers (
  worker BIGINT NOT NULL REFERENCES workers (id),
  master BIGINT NOT NULL REFERENCES masters (id),
  PRIMARY KEY (worker, master)
);
CREATE INDEX connected_workers_by_master ON connected_workers (master);

CREATE TABLE schedulers (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  enabled BOOLEAN NOT NULL,
  master BIGINT REFERENCES masters (id)
);
CREATE INDEX schedulers_by_master ON schedulers (master);

CREATE TABLE force_schedulers (
  name TEXT PRIMARY KEY NOT NULL,
  label TEXT NOT NULL,
  button_name TEXT NOT NULL,
  builder_names_json TEXT NOT NULL,
  defaults_json TEXT NOT NULL,
  properties_json TEXT NOT NULL,
  fields_json TEXT NOT NULL,
  master BIGINT NOT NULL REFERENCES masters (id)
);

CREATE TABLE patches (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  level INTEGER NOT NULL,
  subdir TEXT NOT NULL,
  author TEXT NOT NULL,
  comment TEXT NOT NULL,
  body BLOB NOT NULL
);

-- `digest` is a hash over all that makes a stamp, so that equal ones are one row even with missing values.
CREATE TABLE source_stamps (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  revision TEXT,
  branch TEXT,
  repository TEXT NOT NULL,
  project TEXT NOT NULL,
  codebase TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  patch BIGINT REFERENCES patches (id)
);
CREATE INDEX source_stamps_by_revision ON source_stamps (revision, id);
CREATE INDEX source_stamps_by_branch ON source_stamps (branch, id);
CREATE INDEX source_stamps_by_repository ON source_stamps (repository, id);
CREATE INDEX source_stamps_by_project ON source_stamps (project, id);
CREATE INDEX source_stamps_by_codebase ON source_stamps (codebase, id);
CREATE INDEX source_stamps_by_created_at ON source_stamps (created_at, id);

CREATE TABLE changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  parents_json TEXT NOT NULL,
  author TEXT NOT NULL,
  committer TEXT,
  files_json TEXT NOT NULL,
  comments TEXT NOT NULL,
  revision TEXT,
  branch TEXT,
  category TEXT,
  revlink TEXT,
  properties_json TEXT NOT NULL,
  repository TEXT NOT NULL,
  project TEXT NOT NULL,
  codebase TEXT NOT NULL,
  source_stamp BIGINT NOT NULL REFERENCES source_stamps (id),
  made_at BIGINT NOT NULL
);
CREATE INDEX changes_by_author ON changes (author, id);
CREATE INDEX changes_by_committer ON changes (committer, id);
CREATE INDEX changes_by_comments ON changes (comments, id);
CREATE INDEX changes_by_revision ON changes (revision, id);
CREATE INDEX changes_by_branch ON changes (branch, id);
CREATE INDEX changes_by_category ON changes (category, id);
CREATE INDEX changes_by_repository ON changes (repository, id);
CREATE INDEX changes_by_project ON changes (project, id);
CREATE INDEX changes_by_codebase ON changes (codebase, id);
CREATE INDEX changes_by_made_at ON changes (made_at, id);
CREATE INDEX changes_by_source_stamp ON changes (source_stamp, id);
CREATE INDEX changes_by_place ON changes (repository, branch, id);

CREATE TABLE buildsets (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  external_id TEXT,
  reason TEXT NOT NULL,
  rebuilt_build BIGINT,
  submitted_at BIGINT NOT NULL,
  complete_at BIGINT,
  results INTEGER,
  parent_build BIGINT,
  parent_relationship TEXT,
  properties_json TEXT NOT NULL
);
CREATE INDEX buildsets_by_external_id ON buildsets (external_id, id);
CREATE INDEX buildsets_by_reason ON buildsets (reason, id);
CREATE INDEX buildsets_by_rebuilt_build ON buildsets (rebuilt_build, id);
CREATE INDEX buildsets_by_submitted_at ON buildsets (submitted_at, id);
CREATE INDEX buildsets_by_whether_complete ON buildsets ((complete_at IS NOT NULL), id);
CREATE INDEX buildsets_by_complete_at ON buildsets (complete_at, id);
CREATE INDEX buildsets_by_results ON buildsets (results, id);
CREATE INDEX buildsets_by_parent_build ON buildsets (parent_build, id);
CREATE INDEX buildsets_open ON buildsets (id) WHERE complete_at IS NULL;

CREATE TABLE buildset_sources (
  buildset BIGINT NOT NULL REFERENCES buildsets (id),
  source_stamp BIGINT NOT NULL REFERENCES source_stamps (id),
  PRIMARY KEY (buildset, source_stamp)
);
CREATE INDEX buildset_sources_by_stamp ON buildset_sources (source_stamp);

CREATE TABLE buildset_changes (
  buildset BIGINT NOT NULL REFERENCES buildsets (id),
  change BIGINT NOT NULL REFERENCES changes (id),
  PRIMARY KEY (buildset, change)
);
CREATE INDEX buildset_changes_by_change ON buildset_changes (change);

CREATE TABLE build_requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  buildset BIGINT NOT NULL REFERENCES buildsets (id),
  builder BIGINT NOT NULL REFERENCES builders (id),
  priority INTEGER NOT NULL,
  claimed_at BIGINT,
  claimed_by BIGINT REFERENCES masters (id),
  complete_at BIGINT,
  results INTEGER,
  submitted_at BIGINT NOT NULL,
  waited_for BOOLEAN NOT NULL,
  -- Somebody asked for it to be cancelled while a master had it.
  cancel_requested BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX build_requests_by_buildset ON build_requests (buildset, id);
CREATE INDEX build_requests_by_builder ON build_requests (builder, id);
CREATE INDEX build_requests_by_priority ON build_requests (priority, id);
CREATE INDEX build_requests_by_whether_claimed ON build_requests ((claimed_at IS NOT NULL), id);
-- Those that are not claimed or not complete also in the order in which they are shown and done.
CREATE INDEX build_requests_by_claimed_at ON build_requests (claimed_at, priority, submitted_at, id);
CREATE INDEX build_requests_by_claimed_by ON build_requests (claimed_by, id);
CREATE INDEX build_requests_by_whether_complete ON build_requests ((complete_at IS NOT NULL), id);
CREATE INDEX build_requests_by_complete_at ON build_requests (complete_at, priority DESC, submitted_at, id);
CREATE INDEX build_requests_by_results ON build_requests (results, id);
CREATE INDEX build_requests_by_submitted_at ON build_requests (submitted_at, id);
CREATE INDEX build_requests_by_waited_for ON build_requests (waited_for, id);
CREATE INDEX build_requests_open_by_builder ON build_requests (builder, id) WHERE complete_at IS NULL;
CREATE INDEX build_requests_open_by_claim ON build_requests (claimed_by) WHERE complete_at IS NULL;
CREATE INDEX build_requests_unclaimed_by_builder ON build_requests (builder, id) WHERE claimed_at IS NULL;

CREATE TABLE builds (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  number BIGINT NOT NULL,
  builder BIGINT NOT NULL REFERENCES builders (id),
  request BIGINT NOT NULL REFERENCES build_requests (id),
  worker BIGINT NOT NULL REFERENCES workers (id),
  master BIGINT NOT NULL REFERENCES masters (id),
  started_at BIGINT NOT NULL,
  complete_at BIGINT,
  locks_duration_s BIGINT NOT NULL,
  results INTEGER,
  state TEXT NOT NULL,
  -- Somebody asked for it to be stopped.
  stop_requested BOOLEAN NOT NULL DEFAULT FALSE,
  UNIQUE (builder, number)
);
CREATE INDEX builds_by_number ON builds (number, id);
CREATE INDEX builds_by_builder ON builds (builder, id);
CREATE INDEX builds_by_request ON builds (request, id);
CREATE INDEX builds_by_worker ON builds (worker, id);
CREATE INDEX builds_by_master ON builds (master, id);
CREATE INDEX builds_by_start ON builds (started_at, id);
CREATE INDEX builds_by_whether_complete ON builds ((complete_at IS NOT NULL), id);
CREATE INDEX builds_by_end ON builds (complete_at, id);
CREATE INDEX builds_by_locks_duration_s ON builds (locks_duration_s, id);
CREATE INDEX builds_by_results ON builds (results, id);
CREATE INDEX builds_by_state ON builds (state, id);
CREATE INDEX builds_by_builder_start ON builds (builder, started_at, id);
-- The last and the first build of a builder with some result.
CREATE INDEX builds_by_builder_results ON builds (builder, results, id);
-- The last builds of a builder to end, and those that have not.
CREATE INDEX builds_by_builder_end ON builds (builder, complete_at, id);
-- Builds that ran at some moment began before it; how long before, these tell. Ten minutes, four hours, four days.
CREATE INDEX builds_longer_1 ON builds (started_at) WHERE complete_at - started_at > 600000000;
CREATE INDEX builds_longer_2 ON builds (started_at) WHERE complete_at - started_at > 14400000000;
CREATE INDEX builds_longer_3 ON builds (started_at) WHERE complete_at - started_at > 345600000000;
CREATE INDEX builds_running ON builds (id) WHERE complete_at IS NULL;

CREATE TABLE build_properties (
  build BIGINT NOT NULL REFERENCES builds (id),
  name TEXT NOT NULL,
  value_json TEXT NOT NULL,
  source TEXT NOT NULL,
  PRIMARY KEY (build, name)
);

CREATE TABLE steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  number BIGINT NOT NULL,
  name TEXT NOT NULL,
  build BIGINT NOT NULL REFERENCES builds (id),
  started_at BIGINT,
  locks_acquired_at BIGINT,
  complete_at BIGINT,
  results INTEGER,
  state TEXT NOT NULL,
  urls_json TEXT NOT NULL,
  hidden BOOLEAN NOT NULL,
  UNIQUE (build, number),
  UNIQUE (build, name)
);
CREATE INDEX steps_by_number ON steps (number, id);
CREATE INDEX steps_by_name ON steps (name, id);
CREATE INDEX steps_by_started_at ON steps (started_at, id);
CREATE INDEX steps_by_whether_complete ON steps ((complete_at IS NOT NULL), id);
CREATE INDEX steps_by_complete_at ON steps (complete_at, id);
CREATE INDEX steps_by_results ON steps (results, id);
CREATE INDEX steps_by_state ON steps (state, id);
CREATE INDEX steps_by_hidden ON steps (hidden, id);

CREATE TABLE logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  step BIGINT NOT NULL REFERENCES steps (id),
  complete BOOLEAN NOT NULL,
  num_lines BIGINT NOT NULL,
  kind TEXT NOT NULL,
  UNIQUE (step, slug)
);
CREATE INDEX logs_by_name ON logs (name, id);
CREATE INDEX logs_by_slug ON logs (slug, id);
CREATE INDEX logs_by_complete ON logs (complete, id);
CREATE INDEX logs_by_num_lines ON logs (num_lines, id);
CREATE INDEX logs_by_kind ON logs (kind, id);

-- Files of compressed chunks in the data directory, appended to by the one process that made the row.
CREATE TABLE log_segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Where the lines of a log are: chunk `first_line` is `byte_length` bytes at `byte_offset` of the segment.
CREATE TABLE log_chunks (
  log BIGINT NOT NULL REFERENCES logs (id),
  first_line BIGINT NOT NULL,
  line_count BIGINT NOT NULL,
  segment BIGINT NOT NULL REFERENCES log_segments (id),
  byte_offset BIGINT NOT NULL,
  byte_length BIGINT NOT NULL,
  PRIMARY KEY (log, first_line)
) WITHOUT ROWID;

-- The value comes last, so that the rest of a row is read without it.
CREATE TABLE build_data (
  build BIGINT NOT NULL REFERENCES builds (id),
  name TEXT NOT NULL,
  source TEXT NOT NULL,
  length BIGINT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (build, name)
);
CREATE INDEX build_data_by_name ON build_data (name, build);
CREATE INDEX build_data_by_length ON build_data (length, build, name);
CREATE INDEX build_data_by_source ON build_data (source, build, name);

CREATE TABLE test_result_sets (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  builder BIGINT NOT NULL REFERENCES builders (id),
  build BIGINT NOT NULL REFERENCES builds (id),
  step BIGINT NOT NULL REFERENCES steps (id),
  description TEXT,
  category TEXT NOT NULL,
  value_unit TEXT NOT NULL,
  tests_passed BIGINT,
  tests_failed BIGINT,
  complete BOOLEAN NOT NULL
);
CREATE INDEX test_result_sets_by_builder ON test_result_sets (builder, id);
CREATE INDEX test_result_sets_by_build ON test_result_sets (build, id);
CREATE INDEX test_result_sets_by_step ON test_result_sets (step, id);
CREATE INDEX test_result_sets_by_description ON test_result_sets (description, id);
CREATE INDEX test_result_sets_by_category ON test_result_sets (category, id);
CREATE INDEX test_result_sets_by_value_unit ON test_result_sets (value_unit, id);
CREATE INDEX test_result_sets_by_tests_passed ON test_result_sets (tests_passed, id);
CREATE INDEX test_result_sets_by_tests_failed ON test_result_sets (tests_failed, id);
CREATE INDEX test_result_sets_by_complete ON test_result_sets (complete, id);

CREATE TABLE test_results (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  builder BIGINT NOT NULL REFERENCES builders (id),
  result_set BIGINT NOT NULL REFERENCES test_result_sets (id),
  test_name TEXT,
  test_code_path TEXT,
  line BIGINT,
  duration_ns BIGINT,
  value TEXT NOT NULL
);
CREATE INDEX test_results_by_builder ON test_results (builder, id);
CREATE INDEX test_results_by_result_set ON test_results (result_set, id);
CREATE INDEX test_results_by_test_name ON test_results (test_name, id);
CREATE INDEX test_results_by_test_code_path ON test_results (test_code_path, id);
CREATE INDEX test_results_by_line ON test_results (line, id);
CREATE INDEX test_results_by_duration_ns ON test_results (duration_ns, id);
CREATE INDEX test_results_by_value ON test_results (value, id);

-- What a force with an idempotency key made. `digest` is a hash over caller, scheduler and key.
CREATE TABLE force_keys (
  digest TEXT PRIMARY KEY NOT NULL,
  buildset BIGINT REFERENCES buildsets (id),
  made_at BIGINT NOT NULL
);
CREATE INDEX force_keys_by_time ON force_keys (made_at);

CREATE TABLE kept_states (
  owner TEXT PRIMARY KEY NOT NULL,
  value_json TEXT NOT NULL
);

CREATE TABLE bookmarks (
  listener TEXT PRIMARY KEY NOT NULL,
  after_event BIGINT NOT NULL
);

CREATE TABLE parked_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  listener TEXT NOT NULL,
  event BIGINT NOT NULL,
  why TEXT NOT NULL,
  parked_at BIGINT NOT NULL
);

-- The total order. Ids are dense; the newest event is never deleted, so the next id is always known.
CREATE TABLE events (
  id INTEGER PRIMARY KEY NOT NULL,
  at BIGINT NOT NULL,
  verb TEXT NOT NULL,
  entity_json TEXT NOT NULL
);

-- API tokens and sessions, by the SHA-256 of their text, which is nowhere. `origin` is how they came to be.
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  name TEXT NOT NULL,
  username TEXT NOT NULL,
  origin TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  hash BLOB NOT NULL UNIQUE
);
CREATE INDEX tokens_by_user ON tokens (username, id);
