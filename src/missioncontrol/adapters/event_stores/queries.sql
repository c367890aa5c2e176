-- name: insert
-- One event at the end of the log.
INSERT INTO events
  (position, stream, version, type, schema, time, actor, on_behalf, cause, correlation, body, hash)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?)

-- name: read
-- The whole log, from a position on.
SELECT position, stream, version, type, schema, time, actor, on_behalf, cause, correlation, body, hash
FROM events WHERE position > ? ORDER BY position LIMIT ?

-- name: read_stream
-- One stream, from a version on.
SELECT position, stream, version, type, schema, time, actor, on_behalf, cause, correlation, body, hash
FROM events WHERE stream = ? AND version > ? ORDER BY version LIMIT ?

-- name: head
-- The last event.
SELECT position, hash FROM events ORDER BY position DESC LIMIT 1

-- name: version
-- How long a stream is.
SELECT max(version) FROM events WHERE stream = ?

-- name: triggers
-- What protects the events, and how.
SELECT name, sql FROM sqlite_master WHERE type = 'trigger'
