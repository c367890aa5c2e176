-- name: reached
-- How far the log is known.
SELECT position, hash FROM reached

-- name: reach
-- So far it is known now.
UPDATE reached SET position = ?, hash = ?

-- name: unwiped
-- Whether words of what was forgotten may stand in the file.
SELECT unwiped FROM reached

-- name: owe_wiping
-- They are to be wiped, whatever happens to this process.
UPDATE reached SET unwiped = 1

-- name: wiped
-- They are gone.
UPDATE reached SET unwiped = 0

-- name: item
-- One item, as it was harvested, as the log of decisions has it, and as it is.
SELECT number, harvested, logged, body FROM items WHERE id = ?

-- name: put
-- Keep an item; one that is there keeps its number.
INSERT INTO items (id, kind, repository, mission, confirmed, expires, harvested, logged, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, repository = excluded.repository,
  mission = excluded.mission, confirmed = excluded.confirmed, expires = excluded.expires,
  harvested = excluded.harvested, logged = excluded.logged, body = excluded.body
RETURNING number

-- name: drop
-- Let an item go.
DELETE FROM items WHERE number = ?

-- name: drop_words
-- Its words.
DELETE FROM words WHERE rowid = ?

-- name: drop_files
-- Its files.
DELETE FROM files WHERE number = ?

-- name: drop_tags
-- Its tags.
DELETE FROM tags WHERE number = ?

-- name: put_words
-- Let it be found by these words.
INSERT INTO words (rowid, title, text, files, tags) VALUES (?, ?, ?, ?, ?)

-- name: put_file
-- Let it be found by a file.
INSERT OR IGNORE INTO files VALUES (?, ?, ?)

-- name: put_tag
-- Let it be found by a tag.
INSERT OR IGNORE INTO tags VALUES (?, ?)

-- name: amendment
-- What people said about an item.
SELECT body FROM amendments WHERE id = ?

-- name: amendments
-- What people said about any item.
SELECT body FROM amendments ORDER BY id

-- name: amend
-- Keep what people said about it.
INSERT OR REPLACE INTO amendments VALUES (?, ?)

-- name: find
-- Ids that begin so.
SELECT id FROM items WHERE id >= ? AND id < ? ORDER BY id LIMIT ?

-- name: search
-- Items that say any of the words, the most relevant first.
SELECT items.body, -bm25(words, {weights}) AS relevance
FROM words JOIN items ON items.number = words.rowid
WHERE words MATCH :match AND {wanted}
ORDER BY relevance DESC, items.id LIMIT :limit

-- name: search_best
-- The same among those that say the words best, without a look at each of all the others; and how
-- many those are, and how relevant the last of them is.
WITH best AS MATERIALIZED (
  SELECT rowid AS number, -bm25(words, {weights}) AS relevance FROM words
  WHERE words MATCH :match ORDER BY relevance DESC LIMIT :most
)
SELECT items.body, best.relevance, (SELECT count(*) FROM best), (SELECT min(relevance) FROM best)
FROM best JOIN items ON items.number = best.number
WHERE {wanted} ORDER BY best.relevance DESC, items.id LIMIT :limit

-- name: matched
-- What these items say of the words, between marks, field by field. CROSS JOIN has each of them
-- looked up, in place of all that say any of the words.
SELECT items.id, highlight(words, 0, char(1), char(2)), highlight(words, 1, char(1), char(2)),
  highlight(words, 2, char(1), char(2)), highlight(words, 3, char(1), char(2))
FROM items CROSS JOIN words ON words.rowid = items.number
WHERE words MATCH ? AND items.id IN (SELECT value FROM json_each(?))

-- name: listed
-- Items by when they were last confirmed.
SELECT items.body FROM items
WHERE {wanted} AND (:at IS NULL OR confirmed < :at OR (confirmed = :at AND id > :after))
ORDER BY confirmed DESC, id LIMIT :limit

-- name: counts
-- How many items there are of each sort.
SELECT kind, repository, count(*) FROM items
WHERE expires = 0 OR expires > :now GROUP BY kind, repository ORDER BY repository, kind

-- name: near
-- Items that share a file or the mission, those that share most first.
SELECT items.body, count(*) AS shared FROM (
  SELECT others.number AS number FROM files AS own
  JOIN files AS others ON others.repository = own.repository AND others.path = own.path
  WHERE own.number = :number AND others.number <> :number
  UNION ALL
  SELECT number FROM items WHERE mission <> '' AND mission = :mission AND number <> :number
) AS shared_with JOIN items ON items.number = shared_with.number
WHERE expires = 0 OR expires > :now
GROUP BY items.number ORDER BY shared DESC, items.confirmed DESC, items.id LIMIT :limit
