-- Model calls. What is large lies in a table of its own, so that lists read narrow rows only.
PRAGMA auto_vacuum = INCREMENTAL;
CREATE TABLE IF NOT EXISTS calls (
  number INTEGER PRIMARY KEY, time INTEGER NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL,
  agent TEXT NOT NULL, asked TEXT NOT NULL, model TEXT NOT NULL, size INTEGER NOT NULL,
  head TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (time);
CREATE INDEX IF NOT EXISTS calls_by_run ON calls (run, step, number) WHERE run <> '';
CREATE INDEX IF NOT EXISTS calls_by_agent ON calls (agent, number) WHERE agent <> '';
CREATE INDEX IF NOT EXISTS calls_by_model ON calls (asked, number);
CREATE TABLE IF NOT EXISTS contents (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
