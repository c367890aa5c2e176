CREATE TABLE reached (
  position INTEGER NOT NULL,  -- of the last event of the log that is known
  hash     BLOB    NOT NULL,
  unwiped  INTEGER NOT NULL,  -- 1 while words of what was forgotten may stand in this file
  passages INTEGER NOT NULL,  -- how many there are
  terms    INTEGER NOT NULL,  -- and how many terms they have together
  outside  TEXT    NOT NULL   -- the signature of the sources that stand in no log: templates
) STRICT;
INSERT INTO reached VALUES (0, zeroblob(32), 0, 0, 0, '');

CREATE TABLE passages (
  number     INTEGER PRIMARY KEY,  -- as in `words`: 8 times its place, and the number of its kind
  source     TEXT    NOT NULL,     -- its parts are replaced together
  repository TEXT    NOT NULL,
  mission    TEXT    NOT NULL,
  time       REAL    NOT NULL,     -- seconds since the epoch
  expires    REAL    NOT NULL,     -- seconds since the epoch; 0: never
  body       BLOB    NOT NULL      -- JSON of the passage
) STRICT;
CREATE INDEX passages_of_source ON passages (source);

CREATE TABLE sources (
  kind    INTEGER PRIMARY KEY,
  sources INTEGER NOT NULL
) STRICT;

CREATE TABLE terms (
  term     TEXT PRIMARY KEY,
  passages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE uses (
  item    TEXT NOT NULL,
  mission TEXT NOT NULL,
  title   TEXT NOT NULL,
  time    REAL NOT NULL,
  PRIMARY KEY (item, mission)
) STRICT, WITHOUT ROWID;

CREATE TABLE items (
  number     INTEGER PRIMARY KEY,   -- of its passage
  id         TEXT    NOT NULL UNIQUE,
  kind       TEXT    NOT NULL,
  repository TEXT    NOT NULL,
  mission    TEXT    NOT NULL,
  confirmed  REAL    NOT NULL,      -- seconds since the epoch
  expires    REAL    NOT NULL,      -- 0: never
  harvested  BLOB,                  -- JSON of the item as runs left it, before anybody amended it
  logged     BLOB,                  -- JSON of it as the log of decisions has it
  body       BLOB    NOT NULL       -- JSON of the item as it is
) STRICT;
CREATE INDEX items_by_time ON items (confirmed DESC, id);
CREATE INDEX items_by_kind ON items (kind, repository, confirmed DESC);
CREATE INDEX items_by_mission ON items (mission);

CREATE TABLE files (
  repository TEXT    NOT NULL,
  path       TEXT    NOT NULL,
  number     INTEGER NOT NULL,
  PRIMARY KEY (repository, path, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_of_item ON files (number);

CREATE TABLE tags (
  tag    TEXT    NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (tag, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_of_item ON tags (number);

CREATE TABLE amendments (
  id   TEXT PRIMARY KEY,
  body BLOB NOT NULL                -- JSON of what people said; of a forgotten item, only its id
) STRICT, WITHOUT ROWID;

-- Terms are folded and stemmed before they come here. `scope` names the kind.
CREATE VIRTUAL TABLE words USING fts5 (
  title, text, files, tags, scope,
  tokenize = 'unicode61 remove_diacritics 0'
);
