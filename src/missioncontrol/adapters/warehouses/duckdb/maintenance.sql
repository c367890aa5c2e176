-- name: person_of_key
-- Who has an id.
SELECT person FROM identities WHERE key = $key AND id = $id AND product = $product

-- name: id_of_key
-- What somebody is called of whom only the key is left.
SELECT id FROM identities WHERE key = $key AND product = $product

-- name: removal
-- Whom a removal means, and what came of it.
SELECT key, is_done, events, ids FROM removals WHERE product = $product AND removal = $removal

-- name: keep_removal
-- It is begun.
INSERT INTO removals VALUES ($product, $removal, $key, false, 0, 0)

-- name: removal_done
-- What came of it.
UPDATE removals SET is_done = true, events = $events, ids = $ids
WHERE product = $product AND removal = $removal

-- name: drop_removal
-- The log says what came of it.
DELETE FROM removals WHERE product = $product AND removal = $removal

-- name: ids_of
-- What somebody is called.
SELECT id FROM identities WHERE person = $person ORDER BY id

-- name: keep_event_keys
-- Their events are not taken again.
INSERT INTO forgotten_events SELECT product, key FROM events WHERE person = $person

-- name: keep_id_keys
-- Their ids are not taken again.
INSERT INTO forgotten_ids SELECT product, key FROM identities WHERE person = $person

-- name: drop_events
-- What they did.
DELETE FROM events WHERE person = $person

-- name: blank_ids
-- Others were at their device, or were once called as they are: what they did stays.
UPDATE events SET anonymous_id = NULL
WHERE product = $product AND anonymous_id IN (SELECT id FROM identities WHERE person = $person)

-- name: blank_aliases
-- As before.
UPDATE events SET alias_told = NULL
WHERE product = $product AND alias_told IN (SELECT id FROM identities WHERE person = $person)

-- name: drop_ids
-- What they are called.
DELETE FROM identities WHERE person = $person

-- name: drop_person
-- What is known of them.
DELETE FROM people_known WHERE person = $person

-- name: drop_memberships
-- Where they are in.
DELETE FROM cohort_members WHERE person = $person

-- name: groups_told
-- Of which groups they told anything.
SELECT DISTINCT group_told FROM events WHERE person = $person AND group_told IS NOT NULL

-- name: told_of_groups
-- What others told of these groups, in the order received.
SELECT group_told, coalesce(person_told::VARCHAR, ''), coalesce(once_told::VARCHAR, '')
FROM events
WHERE product = $product AND list_contains($groups::VARCHAR[], group_told) ORDER BY seq

-- name: drop_unseen_groups
-- Groups of which nobody who is left has told anything.
DELETE FROM groups_known WHERE product = $product
  AND name NOT IN (SELECT group_told FROM events WHERE product = $product AND group_told IS NOT NULL)

-- name: drop_notes
-- What was worked out of all events of a product.
DELETE FROM notes WHERE product = $product

-- name: drop_note
-- One of these.
DELETE FROM notes WHERE product = $product AND name = $name

-- name: keep_note
-- What was worked out.
INSERT INTO notes VALUES ($product, $name, $text)

-- name: owe_wiping
-- Words of what was removed may stand in free pages of the file.
UPDATE counters SET unwiped = true

-- name: oldest
-- The first that is older than it is kept, if any is.
SELECT min(happened) FROM events WHERE product = $product AND happened < $before

-- name: expire
-- What is older than it is kept.
DELETE FROM events WHERE product = $product AND happened < $before

-- name: drop_unseen
-- People of whom no event is kept.
DELETE FROM people_known WHERE product = $product
  AND person NOT IN (SELECT person FROM events WHERE product = $product)

-- name: drop_unseen_ids
-- What they were called.
DELETE FROM identities WHERE product = $product
  AND person NOT IN (SELECT person FROM people_known WHERE product = $product)

-- name: drop_unseen_members
-- Where they were in.
DELETE FROM cohort_members WHERE product = $product
  AND person NOT IN (SELECT person FROM people_known WHERE product = $product)

-- name: clear
-- All of a product; the same of each table.
DELETE FROM events WHERE product = $product

-- name: cohort_is_same
-- Whether a cohort is already these people of its product.
SELECT NOT EXISTS (
  (SELECT person FROM cohort_members WHERE product = $product AND cohort = $cohort)
  EXCEPT (SELECT person FROM people_known JOIN found USING (person) WHERE product = $product)
) AND NOT EXISTS (
  (SELECT person FROM people_known JOIN found USING (person) WHERE product = $product)
  EXCEPT (SELECT person FROM cohort_members WHERE product = $product AND cohort = $cohort)
)

-- name: keep_members
-- People who were found, if they are of this product.
INSERT INTO cohort_members
SELECT $product, $cohort, person FROM people_known JOIN found USING (person)
WHERE product = $product

-- name: members
-- How many are in a cohort.
SELECT count(*) FROM cohort_members WHERE product = $product AND cohort = $cohort

-- name: drop_cohort
-- A saved cohort is nobody.
DELETE FROM cohort_members WHERE product = $product AND cohort = $cohort

-- name: wiped
-- Nothing of what was removed stands in the file any more.
UPDATE counters SET unwiped = false
