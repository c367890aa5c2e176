-- name: counters
-- The last numbers in use, and the salt of keys.
SELECT salt, seq, person, position, unwiped FROM counters

-- name: begin_counters
-- Initialize a new file.
INSERT INTO counters VALUES ($shape, $salt, 0, 0, 0, false)

-- name: count_on
-- Store the last numbers in use.
UPDATE counters SET seq = $seq, person = $person, position = $position

-- name: events_of_keys
-- Events in a range of `seq` with one of these keys; two ids may share a key.
SELECT product, id FROM events
WHERE seq > $after AND seq <= $until AND key IN (SELECT key FROM wanted)

-- name: forgotten_of_keys
-- Which of these keys belonged to forgotten people.
SELECT key FROM forgotten_events WHERE key IN (SELECT key FROM wanted)

-- name: identities_of_keys
-- The people of these ids, and whether they have a user id.
SELECT i.product, i.id, i.person, p.is_named
FROM identities i JOIN people_known p ON p.person = i.person
WHERE i.key IN (SELECT key FROM wanted)

-- name: store
-- Insert new events.
INSERT INTO events
SELECT product, seq, id, key, name, make_timestamp(happened), make_timestamp(received), person,
  nullif(session, ''), source, decode(properties)::JSON, counts, is_bot,
  nullif(user_id, ''), nullif(anonymous_id, ''),
  nullif(decode(person_told), '')::JSON, nullif(decode(once_told), '')::JSON,
  nullif(alias_told, ''), nullif(group_told, '')
FROM incoming

-- name: store_ids
-- Insert new ids.
INSERT INTO identities SELECT product, id, key, person FROM incoming_ids

-- name: people_of
-- The profiles of these people.
SELECT person, product, label, is_named, properties, is_counted, is_test, first_seq
FROM people_known WHERE person IN (SELECT person FROM wanted)

-- name: drop_people
-- Delete profiles that changed or were merged.
DELETE FROM people_known WHERE person IN (SELECT person FROM wanted)

-- name: store_people
-- Insert current values.
INSERT INTO people_known
SELECT product, person, label, is_named, decode(properties)::JSON, is_counted, is_test, first_seq
FROM incoming_people

-- name: count_people
-- Mark people of whom an event counts since this commit.
UPDATE people_known SET is_counted = true
WHERE NOT is_counted AND person IN (SELECT person FROM events WHERE seq > $after AND counts)

-- name: move_events
-- Reassign events of merged people.
UPDATE events SET person = moves.new FROM moves
WHERE events.seq >= $since AND events.person = moves.old

-- name: move_ids
-- Reassign ids of merged people.
UPDATE identities SET person = moves.new FROM moves WHERE identities.person = moves.old

-- name: move_members
-- Reassign cohort memberships of merged people, without duplicates.
INSERT INTO cohort_members
SELECT DISTINCT m.product, m.cohort, moves.new
FROM cohort_members m JOIN moves ON m.person = moves.old
WHERE NOT EXISTS (
  FROM cohort_members o
  WHERE o.product = m.product AND o.cohort = m.cohort AND o.person = moves.new)

-- name: drop_moved_members
-- Delete memberships of merged people.
DELETE FROM cohort_members WHERE person IN (SELECT old FROM moves)

-- name: groups_of
-- The properties of these groups.
SELECT product, name, properties FROM groups_known WHERE name IN (SELECT name FROM wanted)

-- name: drop_groups
-- Delete groups that changed.
DELETE FROM groups_known
WHERE EXISTS (FROM incoming_groups i WHERE i.product = groups_known.product
  AND i.name = groups_known.name)

-- name: store_groups
-- Insert current values.
INSERT INTO groups_known SELECT product, name, decode(properties)::JSON FROM incoming_groups

-- name: keys
-- Keys of all events that must not be stored again, sorted.
SELECT key FROM (SELECT key FROM events UNION ALL SELECT key FROM forgotten_events) ORDER BY key

-- name: forgotten_ids
-- Keys of forgotten ids, whose events are refused.
SELECT key FROM forgotten_ids

-- name: exported
-- Events as received, in the order received.
SELECT seq, id, name, epoch_us(happened), epoch_us(received), source,
  coalesce(user_id, ''), coalesce(anonymous_id, ''), coalesce(session, ''),
  coalesce(alias_told, ''), coalesce(group_told, ''),
  properties::VARCHAR, coalesce(person_told::VARCHAR, ''), coalesce(once_told::VARCHAR, ''), is_bot
FROM events WHERE product = $product AND seq > $after AND seq <= $until ORDER BY seq LIMIT $limit
