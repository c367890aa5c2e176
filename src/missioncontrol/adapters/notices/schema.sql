-- Addresses of notifications stand here and nowhere else, and what each has told of and is to tell of.
CREATE TABLE IF NOT EXISTS channels (
  name TEXT PRIMARY KEY, address TEXT NOT NULL DEFAULT '', has_begun INTEGER NOT NULL DEFAULT 0,
  sent INTEGER NOT NULL DEFAULT 0, last REAL NOT NULL DEFAULT 0, trouble TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notices (
  name TEXT NOT NULL, item TEXT NOT NULL, since REAL NOT NULL, attempts INTEGER NOT NULL,
  due REAL, is_failed INTEGER NOT NULL DEFAULT 0, -- without a time, it is not to be sent
  PRIMARY KEY (name, item)
) STRICT, WITHOUT ROWID;
