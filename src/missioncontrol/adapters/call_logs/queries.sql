-- name: insert
-- One call without its contents.
INSERT INTO calls (time, run, step, agent, asked, model, size, head) VALUES (?,?,?,?,?,?,?,?)

-- name: insert_contents
INSERT INTO contents (number, body) VALUES (?,?)

-- name: find
-- Calls with all of what is asked for, newest first.
SELECT number, head FROM calls
WHERE (?1 = '' OR run = ?1) AND (?2 = '' OR step = ?2) AND (?3 = '' OR agent = ?3)
AND (?4 = '' OR asked = ?4 OR model = ?4) AND time >= ?5 AND (?6 = 0 OR time < ?6)
AND (?7 = 0 OR number < ?7) ORDER BY number DESC LIMIT ?8

-- name: find_of_run
-- The same, where the run is known.
SELECT number, head FROM calls
WHERE run = ?1 AND run <> '' AND (?2 = '' OR step = ?2) AND (?3 = '' OR agent = ?3)
AND (?4 = '' OR asked = ?4 OR model = ?4) AND time >= ?5 AND (?6 = 0 OR time < ?6)
AND (?7 = 0 OR number < ?7) ORDER BY number DESC LIMIT ?8

-- name: find_of_agent
-- The same, where the agent is known and the run is not.
SELECT number, head FROM calls INDEXED BY calls_by_agent
WHERE (?1 = '' OR run = ?1) AND (?2 = '' OR step = ?2) AND agent = ?3 AND agent <> ''
AND (?4 = '' OR asked = ?4 OR model = ?4) AND time >= ?5 AND (?6 = 0 OR time < ?6)
AND (?7 = 0 OR number < ?7) ORDER BY number DESC LIMIT ?8

-- name: read
SELECT calls.head, contents.body FROM calls LEFT JOIN contents USING (number) WHERE number = ?

-- name: too_old
-- The first calls, up to a number of them, that are older than a moment.
SELECT number FROM calls WHERE time < ?1 ORDER BY time LIMIT ?2

-- name: oldest
SELECT number FROM calls ORDER BY number LIMIT ?

-- name: delete
DELETE FROM calls WHERE number = ?

-- name: delete_contents
DELETE FROM contents WHERE number = ?
