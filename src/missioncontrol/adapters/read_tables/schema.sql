-- Rows folded from the event log. The file may be deleted: it is built again from the log.
CREATE TABLE IF NOT EXISTS runs (
  id TEXT PRIMARY KEY, mission TEXT NOT NULL, workflow TEXT NOT NULL, status TEXT NOT NULL,
  created REAL NOT NULL, started REAL NOT NULL, ended REAL NOT NULL, steps INTEGER NOT NULL,
  succeeded INTEGER NOT NULL, failed INTEGER NOT NULL, blocked INTEGER NOT NULL,
  cancelled INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  cost INTEGER NOT NULL, unpriced INTEGER NOT NULL, skipped INTEGER NOT NULL,
  version INTEGER NOT NULL, author TEXT NOT NULL, trigger TEXT NOT NULL, schedule TEXT NOT NULL,
  origin TEXT NOT NULL, progress TEXT NOT NULL, unchanged INTEGER NOT NULL,
  estimated_tokens INTEGER NOT NULL, estimated_cost INTEGER NOT NULL, label TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS missions (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, goal TEXT NOT NULL, repository TEXT NOT NULL,
  status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, run TEXT NOT NULL,
  requirements INTEGER NOT NULL, tasks INTEGER NOT NULL, handed_over INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS followed (
  one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS unsettled_runs ON runs (id)
WHERE status NOT IN ('succeeded', 'failed', 'cancelled');
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (status, id);
CREATE INDEX IF NOT EXISTS runs_by_workflow ON runs (workflow, id);
CREATE INDEX IF NOT EXISTS runs_by_mission ON runs (mission, id);
CREATE INDEX IF NOT EXISTS runs_by_author ON runs (author, id);
CREATE INDEX IF NOT EXISTS runs_by_trigger ON runs (trigger, id);
CREATE INDEX IF NOT EXISTS runs_by_schedule ON runs (schedule, id) WHERE schedule <> '';
CREATE TABLE IF NOT EXISTS listed (
  kind TEXT NOT NULL, id TEXT NOT NULL, is_open INTEGER NOT NULL, body BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS changed_listed ON listed (kind, position);
CREATE INDEX IF NOT EXISTS open_listed ON listed (kind, id) WHERE is_open = 1;
