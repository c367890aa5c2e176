CREATE TABLE reached (
  position INTEGER NOT NULL,  -- of the last event of the log that is known
  hash     BLOB    NOT NULL,
  unwiped  INTEGER NOT NULL   -- 1 while words of what was forgotten may stand in this file
) STRICT;
INSERT INTO reached VALUES (0, zeroblob(32), 0);

CREATE TABLE items (
  number     INTEGER PRIMARY KEY,   -- as in `words`
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

CREATE VIRTUAL TABLE words USING fts5 (
  title, text, files, tags,
  tokenize = 'porter unicode61 remove_diacritics 2'
);
