-- What agents said while they worked, with an index that finds any three letters in a row: words
-- have no spaces between them in many languages.
CREATE TABLE IF NOT EXISTS lines (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, sequence INTEGER NOT NULL, step TEXT NOT NULL,
  attempt INTEGER NOT NULL, time INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL,
  agent TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS lines_by_run ON lines (run, sequence);
CREATE TABLE IF NOT EXISTS counts (
  run TEXT PRIMARY KEY, written INTEGER NOT NULL, left_out INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sizes (run TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS letters USING fts5 (
  message, content='lines', content_rowid='id', tokenize='trigram', detail='none'
);
CREATE TRIGGER IF NOT EXISTS lines_have_letters AFTER INSERT ON lines
BEGIN INSERT INTO letters (rowid, message) VALUES (NEW.id, NEW.message); END;
CREATE TRIGGER IF NOT EXISTS lines_lose_letters AFTER DELETE ON lines
BEGIN INSERT INTO letters (letters, rowid, message) VALUES ('delete', OLD.id, OLD.message); END;
