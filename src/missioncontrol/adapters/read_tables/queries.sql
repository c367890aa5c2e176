-- name: position
-- How far the rows have followed the log.
SELECT position FROM followed

-- name: follow
INSERT INTO followed VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET position = excluded.position

-- name: save_run
INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)

-- name: save_mission
INSERT OR REPLACE INTO missions VALUES (?,?,?,?,?,?,?,?,?,?)

-- name: run
SELECT * FROM runs WHERE id = ?

-- name: mission
SELECT * FROM missions WHERE id = ?

-- name: runs
-- Ids sort by time, so the newest come first.
SELECT * FROM runs WHERE ?1 = '' OR id < ?1 ORDER BY id DESC LIMIT ?2

-- name: missions
SELECT * FROM missions WHERE ?1 = '' OR id < ?1 ORDER BY id DESC LIMIT ?2

-- name: find
-- Ids that begin with some letters; the upper bound sorts after all of them.
SELECT id FROM (SELECT id FROM runs UNION ALL SELECT id FROM missions)
WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT ?2

-- name: unsettled
-- Runs that have not ended; the index holds only those.
SELECT id FROM runs WHERE status NOT IN ('succeeded', 'failed', 'cancelled') ORDER BY id

-- name: save_listed
INSERT OR REPLACE INTO listed VALUES (?,?,?,?)

-- name: listed
SELECT * FROM listed WHERE kind = ? AND id = ?

-- name: all_listed
SELECT * FROM listed WHERE kind = ?1 AND is_open >= ?2 AND (?3 = '' OR id < ?3)
ORDER BY id DESC LIMIT ?4
