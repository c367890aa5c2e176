-- name: person_of_key
-- The person with an id.
SELECT person FROM identities WHERE key = $key AND id = $id AND product = $product

-- name: id_of_key
-- The id of a key.
SELECT id FROM identities WHERE key = $key AND product = $product

-- name: removal
-- The person of a removal, and its result.
SELECT key, is_done, events, ids FROM removals WHERE product = $product AND removal = $removal

-- name: keep_removal
-- Store the start of a removal.
INSERT INTO removals VALUES ($product, $removal, $key, false, 0, 0)

-- name: removal_done
-- Store the result of a removal.
UPDATE removals SET is_done = true, events = $events, ids = $ids
WHERE product = $product AND removal = $removal

-- name: drop_removal
-- Delete a removal that the log has confirmed.
DELETE FROM removals WHERE product = $product AND removal = $removal

-- name: ids_of
-- The ids of a person.
SELECT id FROM identities WHERE person = $person ORDER BY id

-- name: keep_event_keys
-- Refuse a person's events from now on.
INSERT INTO forgotten_events SELECT product, key FROM events WHERE person = $person

-- name: keep_id_keys
-- Refuse a person's ids from now on.
INSERT INTO forgotten_ids SELECT product, key FROM identities WHERE person = $person

-- name: drop_events
-- Delete the events of a person.
DELETE FROM events WHERE person = $person

-- name: blank_ids
-- Blank the ids of a person in events of others, which stay.
UPDATE events SET anonymous_id = NULL
WHERE product = $product AND anonymous_id IN (SELECT id FROM identities WHERE person = $person)

-- name: blank_aliases
-- The same for aliases.
UPDATE events SET alias_told = NULL
WHERE product = $product AND alias_told IN (SELECT id FROM identities WHERE person = $person)

-- name: drop_ids
-- Delete the ids of a person.
DELETE FROM identities WHERE person = $person

-- name: drop_person
-- Delete the profile of a person.
DELETE FROM people_known WHERE person = $person

-- name: drop_memberships
-- Delete the cohort memberships of a person.
DELETE FROM cohort_members WHERE person = $person

-- name: groups_told
-- The groups whose properties a person set.
SELECT DISTINCT group_told FROM events WHERE person = $person AND group_told IS NOT NULL

-- name: told_of_groups
-- Group properties set by other people, in the order received.
SELECT group_told, coalesce(person_told::VARCHAR, ''), coalesce(once_told::VARCHAR, '')
FROM events
WHERE product = $product AND list_contains($groups::VARCHAR[], group_told) ORDER BY seq

-- name: drop_unseen_groups
-- Delete groups that no remaining event mentions.
DELETE FROM groups_known WHERE product = $product
  AND name NOT IN (SELECT group_told FROM events WHERE product = $product AND group_told IS NOT NULL)

-- name: drop_notes
-- Delete the notes of a product.
DELETE FROM notes WHERE product = $product

-- name: drop_note
-- Delete a note.
DELETE FROM notes WHERE product = $product AND name = $name

-- name: keep_note
-- Insert a note.
INSERT INTO notes VALUES ($product, $name, $text)

-- name: owe_wiping
-- Free pages of the file may hold removed data.
UPDATE counters SET unwiped = true

-- name: oldest
-- The oldest event past its retention, if any.
SELECT min(happened) FROM events WHERE product = $product AND happened < $before

-- name: expire
-- Delete events past their retention.
DELETE FROM events WHERE product = $product AND happened < $before

-- name: drop_unseen
-- Delete people without events.
DELETE FROM people_known WHERE product = $product
  AND person NOT IN (SELECT person FROM events WHERE product = $product)

-- name: drop_unseen_ids
-- Delete ids of people without events.
DELETE FROM identities WHERE product = $product
  AND person NOT IN (SELECT person FROM people_known WHERE product = $product)

-- name: drop_unseen_members
-- Delete memberships of people without events.
DELETE FROM cohort_members WHERE product = $product
  AND person NOT IN (SELECT person FROM people_known WHERE product = $product)

-- name: clear
-- Delete the rows of a product; `events` is replaced by each table.
DELETE FROM events WHERE product = $product

-- name: cohort_is_same
-- Whether a cohort already has exactly these people of its product.
SELECT NOT EXISTS (
  (SELECT person FROM cohort_members WHERE product = $product AND cohort = $cohort)
  EXCEPT (SELECT person FROM people_known JOIN found USING (person) WHERE product = $product)
) AND NOT EXISTS (
  (SELECT person FROM people_known JOIN found USING (person) WHERE product = $product)
  EXCEPT (SELECT person FROM cohort_members WHERE product = $product AND cohort = $cohort)
)

-- name: keep_members
-- Insert found people of this product.
INSERT INTO cohort_members
SELECT $product, $cohort, person FROM people_known JOIN found USING (person)
WHERE product = $product

-- name: members
-- The size of a cohort.
SELECT count(*) FROM cohort_members WHERE product = $product AND cohort = $cohort

-- name: drop_cohort
-- Delete the members of a cohort.
DELETE FROM cohort_members WHERE product = $product AND cohort = $cohort

-- name: wiped
-- The file holds no removed data any more.
UPDATE counters SET unwiped = false
