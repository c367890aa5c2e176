-- name: is_counted
-- Whether what is stored was ever counted; where nothing is stored there is nothing to count.
SELECT EXISTS (FROM used) OR NOT EXISTS (FROM events)

-- name: used
-- How much is stored of each product.
SELECT product, events, bytes FROM used

-- name: add
-- A product has its first events.
INSERT INTO used VALUES ($product, $events, $bytes)

-- name: change
-- It has more.
UPDATE used SET events = $events, bytes = $bytes WHERE product = $product

-- name: drop
-- It is counted again.
DELETE FROM used WHERE product = $product

-- name: count
-- All that is stored of a product.
INSERT INTO used
SELECT $product, count(*), coalesce(sum($each + strlen(properties)
  + coalesce(strlen(person_told), 0) + coalesce(strlen(once_told), 0)), 0)
FROM events WHERE product = $product

-- name: count_all
-- All that is stored.
INSERT INTO used
SELECT product, count(*), coalesce(sum($each + strlen(properties)
  + coalesce(strlen(person_told), 0) + coalesce(strlen(once_told), 0)), 0)
FROM events GROUP BY product
