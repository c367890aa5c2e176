-- name: reached
SELECT position, hash FROM reached

-- name: reach
UPDATE reached SET position = ?, hash = ?

-- name: last_name
SELECT coalesce(max(id), 0) FROM names

-- name: name
SELECT name FROM names WHERE id = ?

-- name: number
SELECT id FROM names WHERE field = ? AND name = ?

-- name: names
-- Numbers grow, so the newest come first.
SELECT name FROM names WHERE field = ? ORDER BY id DESC LIMIT ?

-- name: add_name
INSERT INTO names VALUES (?,?,?)

-- name: origin
SELECT run, workflow, agent FROM origins WHERE stream = ?

-- name: add_origin
INSERT OR REPLACE INTO origins VALUES (?,?,?,?)

-- name: step
SELECT agent FROM steps WHERE run = ? AND step = ?

-- name: add_step
INSERT OR REPLACE INTO steps VALUES (?,?,?)

-- name: tail_size
SELECT count(*), coalesce(sum(length(text)), 0) FROM tail

-- name: tail
SELECT position, time, kind, actor, workflow, agent, run, text FROM tail ORDER BY position

-- name: add_to_tail
INSERT INTO tail VALUES (?,?,?,?,?,?,?,?)

-- name: segments
-- Those that begin before a position and have events within a time, newest first.
SELECT first, events, since, until FROM segments
WHERE first < ? AND until >= ? AND since < ? ORDER BY first DESC

-- name: segment_of
-- The one that holds an event, if one does.
SELECT first, events, since, until FROM segments WHERE first <= ? ORDER BY first DESC LIMIT 1

-- name: add_segment
INSERT INTO segments VALUES (?,?,?,?)

-- name: part
SELECT content FROM parts WHERE segment = ? AND part = ?

-- name: add_part
INSERT INTO parts VALUES (?,?,?)

-- name: marked
SELECT segment FROM marks WHERE name = ?

-- name: mark
INSERT INTO marks VALUES (?,?)
