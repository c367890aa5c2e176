-- name: policies
-- What holds for each product.
SELECT product, body FROM policies

-- name: testers
-- Whose events don't count.
SELECT person FROM people_known WHERE is_test

-- name: drop_policy
-- Another will hold.
DELETE FROM policies WHERE product = $product

-- name: keep_policy
-- It holds from now on.
INSERT INTO policies VALUES ($product, $body)

-- name: mark
-- Who is a tester now and was not, or was and is not.
UPDATE people_known SET is_test = NOT is_test
WHERE product = $product AND /* which */ AND is_test <> (/* tests */)
RETURNING person, is_test

-- name: count
-- What counts now and did not, or did and does not.
UPDATE events SET counts = NOT counts
WHERE product = $product AND /* which */ AND counts <> (
  name <> '' AND NOT (is_bot AND $bots) AND NOT list_contains($sources::VARCHAR[], source)
  AND person NOT IN (SELECT person FROM people_known WHERE product = $product AND is_test))

-- name: count_people
-- Of whom an event counts.
UPDATE people_known SET is_counted = NOT is_counted
WHERE product = $product
  AND is_counted <> (person IN (SELECT person FROM events WHERE product = $product AND counts))

-- name: count_touched
-- Of whom an event counts, of those who are known differently now.
UPDATE people_known SET is_counted = NOT is_counted
WHERE product = $product AND person IN (SELECT person FROM touched)
  AND is_counted <> (person IN (
    SELECT person FROM events
    WHERE product = $product AND counts AND person IN (SELECT person FROM touched)))
