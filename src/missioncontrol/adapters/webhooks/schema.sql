-- What webhooks were told, and what they are to be told. Their secrets stand here and nowhere else.
CREATE TABLE IF NOT EXISTS hooks (
  hook TEXT PRIMARY KEY, secret TEXT NOT NULL DEFAULT '', place INTEGER,
  delivered INTEGER NOT NULL DEFAULT 0, last REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
  hook TEXT NOT NULL, position INTEGER NOT NULL, attempts INTEGER NOT NULL, due REAL NOT NULL,
  status INTEGER NOT NULL, trouble TEXT NOT NULL, is_dead INTEGER NOT NULL,
  PRIMARY KEY (hook, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (is_dead, due);
CREATE INDEX IF NOT EXISTS deliveries_of_hook_by_due ON deliveries (hook, is_dead, due, position);
