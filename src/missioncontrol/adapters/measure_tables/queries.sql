-- name: position
-- How far the counting has followed the log.
SELECT position FROM followed

-- name: follow
INSERT INTO followed VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET position = excluded.position

-- name: workflow
SELECT workflow FROM workflows WHERE run = ?

-- name: add_workflow
INSERT OR REPLACE INTO workflows VALUES (?,?)

-- name: begun
SELECT * FROM begun

-- name: add_begun
INSERT OR REPLACE INTO begun VALUES (?,?,?,?,?)

-- name: end_begun
DELETE FROM begun WHERE run = ? AND fence = ?

-- name: add_work
INSERT INTO work VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT (hour, agent, model, workflow) DO UPDATE SET
  succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed,
  interrupted = interrupted + excluded.interrupted, busy = busy + excluded.busy,
  took = took + excluded.took,
  input_tokens = input_tokens + excluded.input_tokens,
  output_tokens = output_tokens + excluded.output_tokens, cost = cost + excluded.cost,
  unpriced_tokens = unpriced_tokens + excluded.unpriced_tokens

-- name: add_lasted
INSERT INTO lasted VALUES (?,?,?,?,?)
ON CONFLICT (hour, agent, workflow, bucket) DO UPDATE SET count = count + excluded.count

-- name: add_ended
INSERT INTO ended VALUES (?,?,?,?,?,?,?,?)
ON CONFLICT (kind, hour, name) DO UPDATE SET
  begun = begun + excluded.begun, succeeded = succeeded + excluded.succeeded,
  failed = failed + excluded.failed, cancelled = cancelled + excluded.cancelled,
  skipped = skipped + excluded.skipped

-- name: work
-- The sums by some of the dimensions; those that are not asked for are told as one.
SELECT iif(?1, hour, 0) AS h, iif(?2, agent, '') AS a, iif(?3, model, '') AS m,
  iif(?4, workflow, '') AS w, sum(succeeded), sum(failed), sum(interrupted), sum(busy), sum(took),
  sum(input_tokens), sum(output_tokens), sum(cost), sum(unpriced_tokens)
FROM work WHERE hour >= ?5 AND hour < ?6 GROUP BY h, a, m, w

-- name: lasted
SELECT iif(?1, agent, workflow) AS name, bucket, sum(count)
FROM lasted WHERE hour >= ?2 AND hour < ?3 GROUP BY name, bucket

-- name: ended
SELECT * FROM ended WHERE kind = ?1 AND hour >= ?2 AND hour < ?3

-- name: heard
SELECT agent, at FROM heard

-- name: add_heard
INSERT INTO heard VALUES (?,?) ON CONFLICT (agent) DO UPDATE SET at = max(at, excluded.at)
