-- name: insert
-- One line.
INSERT INTO lines (run, sequence, step, attempt, time, level, message, agent)
VALUES (?,?,?,?,?,?,?,?)

-- name: count
-- How many lines of a run were kept, and how many were only counted.
INSERT INTO counts VALUES (?,?,?)
ON CONFLICT (run) DO UPDATE SET written = excluded.written, left_out = excluded.left_out

-- name: counts
SELECT written, left_out FROM counts WHERE run = ?

-- name: read
-- Lines of a run, or of one step of it, oldest first.
SELECT run, step, attempt, time, level, message, sequence, agent FROM lines
WHERE run = ?1 AND sequence > ?2 AND (?3 = '' OR step = ?3) ORDER BY sequence LIMIT ?4

-- name: search
-- Lines that hold all these threes of letters, newest first.
SELECT run, step, attempt, time, level, message, sequence, agent FROM lines
WHERE id IN (SELECT rowid FROM letters WHERE letters MATCH ?1) AND (?2 = '' OR run = ?2)
ORDER BY id DESC

-- name: newest
-- Every line, newest first, for words that are too short for the index.
SELECT run, step, attempt, time, level, message, sequence, agent FROM lines
WHERE ?1 = '' OR run = ?1 ORDER BY id DESC

-- name: last
SELECT max(id) FROM lines

-- name: tail
-- Lines of all runs after one of them, newest first.
SELECT id, run, step, attempt, time, level, message, sequence, agent FROM lines
WHERE id > ?1 ORDER BY id DESC LIMIT ?2

-- name: tail_of_run
-- The same of one run, whose numbers grow with its sequence.
SELECT id, run, step, attempt, time, level, message, sequence, agent FROM lines
WHERE run = ?1 AND id > ?2 ORDER BY sequence DESC LIMIT ?3

-- name: columns
SELECT name FROM pragma_table_info('lines')

-- name: add_agent
-- To a file of an earlier release.
ALTER TABLE lines ADD COLUMN agent TEXT NOT NULL DEFAULT ''

-- name: view_without_agents
-- A reader that can't change such a file sees it as if it had the column.
CREATE TEMP VIEW lines AS SELECT *, '' AS agent FROM main.lines

-- name: time_at
-- When a line was said: that with a number, or the first after it.
SELECT time FROM lines WHERE id >= ? ORDER BY id LIMIT 1

-- name: ends_of_run
SELECT (SELECT id FROM lines WHERE run = ?1 ORDER BY sequence LIMIT 1),
       (SELECT id FROM lines WHERE run = ?1 ORDER BY sequence DESC LIMIT 1)

-- name: is_measured
-- Whether the file knows how large the output of its runs is; those of earlier releases do not.
SELECT count(*) FROM sqlite_schema WHERE name = 'sizes'

-- name: measure
INSERT INTO sizes SELECT run, sum(length(CAST(message AS BLOB))) FROM lines GROUP BY run

-- name: grow
INSERT INTO sizes VALUES (?,?) ON CONFLICT (run) DO UPDATE SET bytes = bytes + excluded.bytes

-- name: kept_bytes
SELECT sum(bytes) FROM sizes

-- name: runs
-- Runs of which something is kept; their names grow with time.
SELECT run, written, coalesce(bytes, 0) FROM counts LEFT JOIN sizes USING (run)
WHERE written > 0 AND run > ? ORDER BY run LIMIT 500

-- name: newest_run
SELECT run FROM lines ORDER BY id DESC LIMIT 1

-- name: first_lines
SELECT id, length(CAST(message AS BLOB)) FROM lines WHERE run = ? ORDER BY sequence LIMIT ?

-- name: remove
DELETE FROM lines WHERE id = ?

-- name: uncount
UPDATE counts SET written = max(0, written - ?2), left_out = left_out + ?2 WHERE run = ?1
