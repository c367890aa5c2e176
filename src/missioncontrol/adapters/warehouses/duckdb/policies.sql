-- name: policies
-- The policy of each product.
SELECT product, body FROM policies

-- name: testers
-- The test people.
SELECT person FROM people_known WHERE is_test

-- name: drop_policy
-- Delete a policy that is to be replaced.
DELETE FROM policies WHERE product = $product

-- name: keep_policy
-- Insert a policy.
INSERT INTO policies VALUES ($product, $body)

-- name: mark
-- Flip the tester flag of people where it is wrong.
UPDATE people_known SET is_test = NOT is_test
WHERE product = $product AND /* which */ AND is_test <> (/* tests */)
RETURNING person, is_test

-- name: count
-- Flip the flag of events where it is wrong.
UPDATE events SET counts = NOT counts
WHERE product = $product AND /* which */ AND counts <> (
  name <> '' AND NOT (is_bot AND $bots) AND NOT list_contains($sources::VARCHAR[], source)
  AND person NOT IN (SELECT person FROM people_known WHERE product = $product AND is_test))

-- name: count_people
-- Flip the flag of people where it is wrong.
UPDATE people_known SET is_counted = NOT is_counted
WHERE product = $product
  AND is_counted <> (person IN (SELECT person FROM events WHERE product = $product AND counts))

-- name: count_touched
-- The same for people whose profile changed.
UPDATE people_known SET is_counted = NOT is_counted
WHERE product = $product AND person IN (SELECT person FROM touched)
  AND is_counted <> (person IN (
    SELECT person FROM events
    WHERE product = $product AND counts AND person IN (SELECT person FROM touched)))
