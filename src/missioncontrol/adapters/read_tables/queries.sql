-- name: position
-- How far the rows have followed the log.
SELECT position FROM followed

-- name: follow
INSERT INTO followed VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET position = excluded.position

-- name: save_run
INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)

-- name: save_mission
INSERT OR REPLACE INTO missions VALUES (?,?,?,?,?,?,?,?,?,?,?)

-- name: run
SELECT * FROM runs WHERE id = ?

-- name: mission
SELECT * FROM missions WHERE id = ?

-- name: runs
-- Ids sort by time, so the newest come first.
SELECT * FROM runs WHERE ?1 = '' OR id < ?1 ORDER BY id DESC LIMIT ?2

-- name: run_counts
-- How many runs there are of each status; the index alone answers.
SELECT status, count(*) FROM runs GROUP BY status

-- What follows are conditions of `chosen_runs`, each with an index for it but for the last two.

-- name: run_before
id < :run_before

-- name: run_statuses
-- The conditions around a few open runs may change what their rows say.
((status IN (SELECT value FROM json_each(:run_statuses, '$.words'))
  AND id NOT IN (SELECT value FROM json_each(:run_statuses, '$.without')))
 OR id IN (SELECT value FROM json_each(:run_statuses, '$.with')))

-- name: run_workflow
workflow = :run_workflow

-- name: run_mission
mission = :run_mission

-- name: run_author
author = :run_author

-- name: run_trigger
trigger = :run_trigger

-- name: run_schedule
schedule = :run_schedule

-- name: run_since
created >= :run_since

-- name: run_until
created < :run_until

-- name: run_asked
-- Halted, or one of those where somebody is asked something.
(status = 'halted' OR id IN (SELECT value FROM json_each(:run_asked)))

-- name: run_text
-- SQLite itself knows capitals of ASCII only; whatever has other letters is looked at by us.
(instr(id, :run_text) OR instr(lower(workflow), :run_text)
  OR instr(lower(coalesce((SELECT title FROM missions WHERE missions.id = runs.mission), '')), :run_text)
  OR CASE WHEN workflow || coalesce((SELECT title FROM missions WHERE missions.id = runs.mission), '')
      GLOB '*[^' || char(1) || '-' || char(127) || ']*'
    THEN says(:run_text, workflow, (SELECT title FROM missions WHERE missions.id = runs.mission)) END)

-- name: missions
SELECT * FROM missions WHERE ?1 = '' OR id < ?1 ORDER BY id DESC LIMIT ?2

-- name: find
-- Ids that begin with some letters; the upper bound sorts after all of them.
SELECT id FROM (SELECT id FROM runs UNION ALL SELECT id FROM missions)
WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT ?2

-- name: unsettled
-- Runs that have not ended; the index holds only those.
SELECT id FROM runs WHERE status NOT IN ('succeeded', 'failed', 'cancelled') ORDER BY id

-- name: save_listed
INSERT OR REPLACE INTO listed VALUES (?,?,?,?,?)

-- name: listed
SELECT * FROM listed WHERE kind = ? AND id = ?

-- name: all_listed
SELECT * FROM listed WHERE kind = ?1 AND is_open >= ?2 AND (?3 = '' OR id < ?3)
ORDER BY id DESC LIMIT ?4

-- name: changed_listed
SELECT * FROM listed WHERE kind = ?1 AND position > ?2
