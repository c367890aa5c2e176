-- name: names
SELECT hook FROM hooks
-- name: secret
SELECT secret FROM hooks WHERE hook = ?
-- name: keep_secret
INSERT INTO hooks (hook, secret) VALUES (?, ?) ON CONFLICT (hook) DO UPDATE SET secret = excluded.secret
-- name: place
SELECT place FROM hooks WHERE hook = ?
-- name: move
INSERT INTO hooks (hook, place) VALUES (?, ?) ON CONFLICT (hook) DO UPDATE SET place = excluded.place
-- name: queue
INSERT OR IGNORE INTO deliveries VALUES (?, ?, 0, 0, 0, '', 0)
-- name: due
SELECT hook, position, attempts, due, status, trouble, is_dead FROM deliveries
WHERE hook = ? AND is_dead = 0 AND due <= ? ORDER BY due, position LIMIT ?
-- name: next_due
SELECT min(due) FROM deliveries WHERE is_dead = 0
-- name: remove
DELETE FROM deliveries WHERE hook = ? AND position = ?
-- name: count
UPDATE hooks SET delivered = delivered + 1, last = ? WHERE hook = ?
-- name: failed
UPDATE deliveries SET attempts = ?, due = ?, status = ?, trouble = ?, is_dead = ?
WHERE hook = ? AND position = ?
-- name: bound
-- The oldest dead ones go where there are too many.
DELETE FROM deliveries WHERE hook = ?1 AND is_dead = 1 AND position <= (
  SELECT position FROM deliveries WHERE hook = ?1 AND is_dead = 1
  ORDER BY position DESC LIMIT 1 OFFSET ?2)
-- name: dead
SELECT hook, position, attempts, due, status, trouble, is_dead FROM deliveries
WHERE hook = ?1 AND is_dead = 1 AND (?2 IS NULL OR position < ?2) ORDER BY position DESC LIMIT ?3
-- name: again
UPDATE deliveries SET is_dead = 0, attempts = 0, due = ?1
WHERE hook = ?2 AND is_dead = 1 AND (?3 IS NULL OR position = ?3)
-- name: told
SELECT coalesce(place, 0), delivered, last FROM hooks WHERE hook = ?
-- name: counts
SELECT is_dead, count(*) FROM deliveries WHERE hook = ? GROUP BY is_dead
-- name: forget_hook
DELETE FROM hooks WHERE hook = ?
-- name: forget_deliveries
DELETE FROM deliveries WHERE hook = ?
