-- The history, as no server in particular has it. It is the same for each, whatever their tables look like.
--
-- `scale` says how much: `builds`, `changes`, `per_change` (builds that a change starts), `builders`, `workers`, and
-- `now` in seconds. Changes are counted by `c`, builds by `n`, steps by `piece`, builders by `b`, workers by `w`, all
-- from 0. What a server calls them is for its own file to say.

CREATE TEMP TABLE pushes AS
WITH RECURSIVE counted(c) AS (
  SELECT 0 UNION ALL SELECT c + 1 FROM counted WHERE c + 1 < (SELECT changes FROM scale)
)
SELECT
  c,
  now - 600 - (changes - c) * 300 AS at,
  'Dev ' || c % 25 || ' <dev' || c % 25 || '@example.org>' AS author,
  CASE WHEN c % 4 = 0 THEN 'topic-' || c % 40 ELSE 'main' END AS branch,
  -- Of 40 hexadecimal digits, and each another.
  printf('%08x%032x', c * 2654435761 % 4294967296, c) AS revision,
  'Change ' || c || ': mend a thing' || char(10) || char(10) || 'Why it was broken, in change ' || c || '.' AS comments,
  'src/module' || c % 90 || '/file' || c % 300 || '.c' AS file
FROM counted, scale;

-- `mixed` is as good as random, and always the same. 85 of 100 builds succeed.
CREATE TEMP TABLE runs AS
WITH RECURSIVE counted(n) AS (
  SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < (SELECT builds FROM scale)
),
mixed AS (
  SELECT n, n / per_change AS c, ((n + 1) * 2654435761 % 4294967296) >> 7 AS mixed FROM counted, scale
)
SELECT
  n,
  mixed.c,
  n % builders AS b,
  n / builders + 1 AS number,
  (mixed.c + n) % workers AS w,
  at + 5 + mixed % 60 AS started,
  at + 35 + mixed % 60 + mixed / 64 % 240 AS ended,
  CASE WHEN mixed % 100 < 85 THEN 0 WHEN mixed % 100 < 95 THEN 2 WHEN mixed % 100 < 98 THEN 1 ELSE 4 END AS results
FROM mixed CROSS JOIN scale CROSS JOIN pushes ON pushes.rowid = mixed.c + 1;

CREATE TEMP TABLE sets AS
SELECT c, max(ended) AS ended, CASE WHEN max(results IN (2, 4)) THEN 2 ELSE max(results) END AS results
FROM runs GROUP BY c;

-- `text` is how the value stands in JSON.
CREATE TEMP TABLE names (k INTEGER PRIMARY KEY, name TEXT, source TEXT);
INSERT INTO names (name, source) VALUES
  ('branch', 'Build'), ('buildername', 'Builder'), ('buildnumber', 'Build'), ('got_revision', 'Git'),
  ('owner', 'Build'), ('owners', 'Build'), ('project', 'Build'), ('repository', 'Build'),
  ('revision', 'Build'), ('scheduler', 'Scheduler'), ('workername', 'Worker');
CREATE TEMP VIEW facts AS
SELECT
  n,
  names.name,
  names.source,
  CASE k
    WHEN 1 THEN '"' || branch || '"'
    WHEN 2 THEN printf('"b%03d"', b)
    WHEN 3 THEN CAST(number AS TEXT)
    WHEN 5 THEN '"' || author || '"'
    WHEN 6 THEN '["' || author || '"]'
    WHEN 7 THEN '"app"'
    WHEN 8 THEN '"https://example.org/app.git"'
    WHEN 10 THEN '"any"'
    WHEN 11 THEN printf('"w%02d"', w)
    ELSE '"' || revision || '"'
  END AS text
FROM runs CROSS JOIN names CROSS JOIN pushes ON pushes.rowid = runs.c + 1;

CREATE TEMP TABLE parts (s INTEGER PRIMARY KEY, name TEXT, state TEXT);
INSERT INTO parts VALUES (0, 'checkout', '''git fetch'''), (1, 'compile', '''make'''), (2, 'test', '''make check''');
CREATE TEMP VIEW pieces AS
SELECT
  n,
  s,
  n * 3 + s AS piece,
  name,
  started + (ended - started) * s / 3 AS begun,
  started + (ended - started) * (s + 1) / 3 AS done,
  CASE WHEN s = 2 THEN results ELSE 0 END AS results,
  state || CASE WHEN s = 2 AND results = 2 THEN ' (failure)' ELSE '' END AS state
FROM runs CROSS JOIN parts;
