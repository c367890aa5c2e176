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
-- Keep an item under the number of its passage.
INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

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
INSERT INTO words (rowid, title, text, files, tags, scope) VALUES (?, ?, ?, ?, ?, ?)

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

-- name: sizes
SELECT passages, terms FROM reached

-- name: resize
UPDATE reached SET passages = passages + ?, terms = terms + ?

-- name: outside
SELECT outside FROM reached

-- name: look_outside
UPDATE reached SET outside = ?

-- name: templates
-- The sources that stand in files.
SELECT DISTINCT source FROM passages WHERE source >= 'template:' AND source < 'template;'

-- name: last_passage
SELECT coalesce(max(number), 0) FROM passages

-- name: passages_of
-- The passages of a source, with the terms that they are found by.
SELECT number, title, text, files, tags FROM passages JOIN words ON words.rowid = number
WHERE source = ?

-- name: put_passage
INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: drop_passage
DELETE FROM passages WHERE number = ?

-- name: count_source
INSERT INTO sources VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET sources = sources + excluded.sources

-- name: kinds
SELECT kind, sources FROM sources WHERE sources > 0

-- name: count_term
INSERT INTO terms VALUES (?, ?) ON CONFLICT (term) DO UPDATE SET passages = passages + excluded.passages

-- name: drop_term
-- No word of what is gone stays here.
DELETE FROM terms WHERE term = ? AND passages <= 0

-- name: terms
SELECT term, passages FROM terms WHERE term IN (SELECT value FROM json_each(?))

-- name: beginning
-- The most frequent of the first terms that begin so.
SELECT term FROM (SELECT term, passages FROM terms WHERE term >= ? AND term < ? LIMIT 2000)
ORDER BY passages DESC, term LIMIT ?

-- name: near_terms
SELECT term FROM terms
WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ? LIMIT ?

-- name: put_use
INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?)

-- name: uses
SELECT item, mission, title, time FROM uses WHERE item IN (SELECT value FROM json_each(?))
ORDER BY time DESC, mission

-- name: best
-- The passages of each kind that say the terms best. Which kind is known without a look at them.
SELECT number FROM (
  SELECT number, row_number() OVER (PARTITION BY number & 7 ORDER BY relevance, number DESC) AS place
  FROM (
    SELECT words.rowid AS number, bm25(words, {weights}) AS relevance FROM words {joined}
    WHERE words MATCH :match AND {wanted}
  )
) WHERE place <= :each

-- name: newest_saying
-- The newest passages of a kind that say terms which most passages say.
SELECT words.rowid FROM words {joined} WHERE words MATCH :match AND {wanted}
ORDER BY words.rowid DESC LIMIT :each

-- name: newest
-- The first passage of each source.
SELECT body FROM passages WHERE {wanted} AND NOT EXISTS (
  SELECT 1 FROM passages AS earlier
  WHERE earlier.source = passages.source AND earlier.number < passages.number
) ORDER BY number DESC LIMIT :limit

-- name: source
SELECT body FROM passages WHERE source = ? ORDER BY number

-- name: found
SELECT passages.body, words.title, words.text, words.files, words.tags
FROM passages JOIN words ON words.rowid = passages.number
WHERE passages.number IN (SELECT value FROM json_each(?))

-- name: found_items
SELECT items.body, words.title, words.text, words.files, words.tags
FROM items JOIN words ON words.rowid = items.number
WHERE items.number IN (SELECT value FROM json_each(?))

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
