-- name: is_counted
-- Whether usage was ever counted, or there are no events to count.
SELECT EXISTS (FROM used) OR NOT EXISTS (FROM events)

-- name: used
-- The usage of each product.
SELECT product, events, bytes FROM used

-- name: add
-- Insert the usage of a new product.
INSERT INTO used VALUES ($product, $events, $bytes)

-- name: change
-- Update the usage of a product.
UPDATE used SET events = $events, bytes = $bytes WHERE product = $product

-- name: drop
-- Delete the usage of a product before a recount.
DELETE FROM used WHERE product = $product

-- name: count
-- Count a product.
INSERT INTO used
SELECT $product, count(*), coalesce(sum($each + strlen(properties)
  + coalesce(strlen(person_told), 0) + coalesce(strlen(once_told), 0)), 0)
FROM events WHERE product = $product

-- name: count_all
-- Count all products.
INSERT INTO used
SELECT product, count(*), coalesce(sum($each + strlen(properties)
  + coalesce(strlen(person_told), 0) + coalesce(strlen(once_told), 0)), 0)
FROM events GROUP BY product
