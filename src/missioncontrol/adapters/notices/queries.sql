-- name: names
SELECT name FROM channels
-- name: address
SELECT address FROM channels WHERE name = ?
-- name: keep_address
INSERT INTO channels (name, address) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET address = excluded.address
-- name: has_begun
SELECT has_begun FROM channels WHERE name = ?
-- name: begin
INSERT INTO channels (name, has_begun) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET has_begun = 1
-- name: seen
SELECT item, since FROM notices WHERE name = ?
-- name: gone
DELETE FROM notices WHERE name = ? AND item = ?
-- name: new
INSERT INTO notices (name, item, since, attempts, due) VALUES (?, ?, ?, 0, ?)
ON CONFLICT (name, item) DO UPDATE SET since = excluded.since, attempts = 0, due = excluded.due, is_failed = 0
-- name: due
SELECT item, since, attempts, due FROM notices WHERE name = ? AND due <= ? ORDER BY due, item LIMIT ?
-- name: delivered
UPDATE notices SET due = NULL, is_failed = 0 WHERE name = ? AND item = ?
-- name: count
UPDATE channels SET sent = sent + 1, last = ?, trouble = '' WHERE name = ?
-- name: again
UPDATE notices SET attempts = ?, due = ?, is_failed = ? WHERE name = ? AND item = ?
-- name: trouble
UPDATE channels SET trouble = ? WHERE name = ?
-- name: status
SELECT c.sent, (SELECT count(*) FROM notices n WHERE n.name = c.name AND n.due IS NOT NULL),
  (SELECT count(*) FROM notices n WHERE n.name = c.name AND n.is_failed), c.last, c.trouble
FROM channels c WHERE c.name = ?
-- name: forget_channel
DELETE FROM channels WHERE name = ?
-- name: forget_notices
DELETE FROM notices WHERE name = ?
