-- The event log. Rows are written once, in order, and never touched again.
CREATE TABLE IF NOT EXISTS events (
  position    INTEGER PRIMARY KEY,   -- 1, 2, 3 … without gaps
  stream      TEXT    NOT NULL,
  version     INTEGER NOT NULL,      -- 1, 2, 3 … without gaps within its stream
  type        TEXT    NOT NULL,
  schema      INTEGER NOT NULL,
  time        INTEGER NOT NULL,      -- microseconds since the epoch
  actor       TEXT    NOT NULL,
  on_behalf   TEXT    NOT NULL,
  cause       INTEGER NOT NULL,
  correlation TEXT    NOT NULL,
  body        BLOB    NOT NULL,      -- JSON, as hashed
  hash        BLOB    NOT NULL       -- SHA-256 over the hash before it and this row
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS events_by_stream ON events (stream, version);

CREATE TRIGGER IF NOT EXISTS events_are_never_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append-only: UPDATE refused'); END;

CREATE TRIGGER IF NOT EXISTS events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append-only: DELETE refused'); END;

-- INSERT OR REPLACE deletes without asking the trigger above, so what would make it delete is
-- refused here: a position that is taken, or a version that its stream already has.
CREATE TRIGGER IF NOT EXISTS events_are_never_replaced BEFORE INSERT ON events
WHEN NEW.position <= (SELECT max(position) FROM events)
  OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'the event log is append-only: only its end can be written'); END;
