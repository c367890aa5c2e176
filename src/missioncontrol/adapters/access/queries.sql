-- name: home
SELECT id FROM home

-- name: name_home
INSERT INTO home (id) VALUES (?)

-- name: password
SELECT hash FROM passwords WHERE user = ?

-- name: keep_password
INSERT OR REPLACE INTO passwords (user, hash) VALUES (?, ?)

-- name: drop_password
DELETE FROM passwords WHERE user = ?

-- name: with_password
SELECT user FROM passwords LIMIT 10000

-- name: begin
INSERT INTO sessions (digest, id, user, way, begun, seen, ends, address, agent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: bound_of_user
-- Those of one person beyond so many, the longest unused first.
DELETE FROM sessions WHERE digest IN (
    SELECT digest FROM sessions WHERE user = ? ORDER BY seen DESC LIMIT -1 OFFSET ?
)

-- name: bound_of_all
DELETE FROM sessions WHERE digest IN (
    SELECT digest FROM sessions ORDER BY seen DESC LIMIT -1 OFFSET ?
)

-- name: session
SELECT id, user, way, begun, seen, ends, address, agent FROM sessions WHERE digest = ?

-- name: touch
UPDATE sessions SET seen = ?2 WHERE digest = ?1

-- name: sessions
SELECT id, user, way, begun, seen, ends, address, agent FROM sessions
ORDER BY seen DESC LIMIT 1000

-- name: sessions_of
SELECT id, user, way, begun, seen, ends, address, agent FROM sessions
WHERE user = ? ORDER BY seen DESC LIMIT 1000

-- name: end_one
DELETE FROM sessions WHERE id = ?

-- name: end_one_of
DELETE FROM sessions WHERE id = ? AND user = ?

-- name: end_of
DELETE FROM sessions WHERE user = ? AND id <> ?

-- name: sweep_sessions
DELETE FROM sessions WHERE ends <= ? OR seen <= ?

-- name: sweep_links
DELETE FROM links WHERE ends <= ?

-- name: sweep_failures
DELETE FROM failures WHERE at <= ?

-- name: keep_link
INSERT INTO links (digest, user, ends) VALUES (?, ?, ?)

-- name: bound_links
DELETE FROM links WHERE digest IN (SELECT digest FROM links ORDER BY ends DESC LIMIT -1 OFFSET ?)

-- name: use_link
DELETE FROM links WHERE digest = ? RETURNING user, ends

-- name: failures
SELECT count, at FROM failures WHERE kind = ? AND who = ?

-- name: count_failure
INSERT INTO failures (kind, who, count, at) VALUES (?1, ?2, 1, ?3)
ON CONFLICT (kind, who) DO UPDATE SET count = count + 1, at = ?3

-- name: bound_failures
DELETE FROM failures WHERE (kind, who) IN (
    SELECT kind, who FROM failures ORDER BY at DESC LIMIT -1 OFFSET ?
)

-- name: forgive_all
DELETE FROM failures WHERE kind = ? AND who = ?

-- name: forgive
UPDATE failures SET count = max(0, count - ?3) WHERE kind = ?1 AND who = ?2

-- name: note_arrival
INSERT INTO arrivals (time, user, way, outcome, address, agent) VALUES (?, ?, ?, ?, ?, ?)

-- name: bound_arrivals
DELETE FROM arrivals WHERE number <= (SELECT max(number) FROM arrivals) - ?

-- name: arrivals
SELECT number, time, user, way, outcome, address, agent FROM arrivals
WHERE ?1 = 0 OR number < ?1 ORDER BY number DESC LIMIT ?2

-- name: note_use
INSERT OR REPLACE INTO uses (token, time, address) VALUES (?, ?, ?)

-- name: uses
SELECT token, time, address FROM uses LIMIT 10000

-- name: forget_use
DELETE FROM uses WHERE token = ?
