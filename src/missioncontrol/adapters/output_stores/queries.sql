-- name: insert
-- One line.
INSERT INTO lines (run, sequence, step, attempt, time, level, message) VALUES (?,?,?,?,?,?,?)

-- name: count
-- How many lines of a run were kept, and how many were only counted.
INSERT INTO counts VALUES (?,?,?)
ON CONFLICT (run) DO UPDATE SET written = excluded.written, left_out = excluded.left_out

-- name: counts
SELECT written, left_out FROM counts WHERE run = ?

-- name: read
-- Lines of a run, or of one step of it, oldest first.
SELECT run, step, attempt, time, level, message, sequence FROM lines
WHERE run = ?1 AND sequence > ?2 AND (?3 = '' OR step = ?3) ORDER BY sequence LIMIT ?4

-- name: search
-- Lines that hold all these threes of letters, newest first.
SELECT run, step, attempt, time, level, message, sequence FROM lines
WHERE id IN (SELECT rowid FROM letters WHERE letters MATCH ?1) AND (?2 = '' OR run = ?2)
ORDER BY id DESC

-- name: newest
-- Every line, newest first, for words that are too short for the index.
SELECT run, step, attempt, time, level, message, sequence FROM lines
WHERE ?1 = '' OR run = ?1 ORDER BY id DESC
