-- An index over the event log. The file may be deleted: it is built again from the log.
-- The newest events are rows; whenever there are some thousand of them they are packed into a
-- segment, which is a hundred times quicker to look through.

-- How far the log is known, and the hash that its event has there.
CREATE TABLE reached (
  one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT;

-- What events have in their fields (kind, actor, workflow, agent, run), by number. 0 is nothing.
CREATE TABLE names (
  id INTEGER PRIMARY KEY, field TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (field, name)
) STRICT;

-- What all later events of a stream belong to, as the event said that began it.
CREATE TABLE origins (
  stream TEXT PRIMARY KEY, run INTEGER NOT NULL, workflow INTEGER NOT NULL, agent INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose steps are whose.
CREATE TABLE steps (
  run INTEGER NOT NULL, step TEXT NOT NULL, agent INTEGER NOT NULL, PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;

-- The newest events, not yet packed. Texts are folded.
CREATE TABLE tail (
  position INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind INTEGER NOT NULL,
  actor INTEGER NOT NULL, workflow INTEGER NOT NULL, agent INTEGER NOT NULL, run INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;

-- Events `first`, `first` + 1 … of the log, with the earliest and the latest time among them.
CREATE TABLE segments (
  first INTEGER PRIMARY KEY, events INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;

-- What a segment is made of; segment.py says how.
CREATE TABLE parts (
  segment INTEGER NOT NULL, part TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (segment, part)
) STRICT;

-- Which segments hold events with a name.
CREATE TABLE marks (
  name INTEGER NOT NULL, segment INTEGER NOT NULL, PRIMARY KEY (name, segment)
) STRICT, WITHOUT ROWID;

INSERT INTO reached VALUES (1, 0, zeroblob(32));
