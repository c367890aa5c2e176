-- Events in the order received. `person` and `counts` are updated when people are merged or the
-- policy changes, so that a question reads one plain table.
CREATE TABLE IF NOT EXISTS events (
  product VARCHAR NOT NULL,
  seq BIGINT NOT NULL,
  id VARCHAR NOT NULL,
  key BIGINT NOT NULL,           -- of product and id, salted
  name VARCHAR NOT NULL,         -- '' for a profile change without an event
  happened TIMESTAMP NOT NULL,
  received TIMESTAMP NOT NULL,
  person BIGINT NOT NULL,
  session VARCHAR,
  source VARCHAR NOT NULL,
  properties JSON NOT NULL,
  counts BOOLEAN NOT NULL,
  is_bot BOOLEAN NOT NULL,
  -- The original values, for the export.
  user_id VARCHAR,
  anonymous_id VARCHAR,
  person_told JSON,
  once_told JSON,
  alias_told VARCHAR,
  group_told VARCHAR
);

CREATE TABLE IF NOT EXISTS people_known (
  product VARCHAR NOT NULL,
  person BIGINT NOT NULL,
  label VARCHAR NOT NULL,
  is_named BOOLEAN NOT NULL,     -- a user, not only a device
  properties JSON NOT NULL,
  is_counted BOOLEAN NOT NULL,   -- an event of theirs counts
  is_test BOOLEAN NOT NULL,
  first_seq BIGINT NOT NULL      -- `seq` of the first event that may be theirs
);

-- The ids of people.
CREATE TABLE IF NOT EXISTS identities (
  product VARCHAR NOT NULL,
  id VARCHAR NOT NULL,
  key BIGINT NOT NULL,           -- of product and id, salted
  person BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS groups_known (
  product VARCHAR NOT NULL,
  name VARCHAR NOT NULL,         -- "type:key"
  properties JSON NOT NULL
);

CREATE TABLE IF NOT EXISTS cohort_members (
  product VARCHAR NOT NULL,
  cohort VARCHAR NOT NULL,
  person BIGINT NOT NULL
);

-- Results derived from events, available at once after a restart.
CREATE TABLE IF NOT EXISTS notes (
  product VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  text VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS policies (product VARCHAR NOT NULL, body VARCHAR NOT NULL);

-- Keys of events and ids of forgotten people: both are refused.
CREATE TABLE IF NOT EXISTS forgotten_events (product VARCHAR NOT NULL, key BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS forgotten_ids (product VARCHAR NOT NULL, key BIGINT NOT NULL);

-- Removals in progress: person and result, until the log confirms them.
CREATE TABLE IF NOT EXISTS removals (
  product VARCHAR NOT NULL,
  removal VARCHAR NOT NULL,
  key BIGINT NOT NULL,           -- of product and id, salted: the id itself must not stay
  is_done BOOLEAN NOT NULL,
  events BIGINT NOT NULL,
  ids BIGINT NOT NULL
);

-- The usage of each product, updated with every change.
CREATE TABLE IF NOT EXISTS used (
  product VARCHAR NOT NULL,
  events BIGINT NOT NULL,
  bytes BIGINT NOT NULL
);

-- One row: the last numbers of an event, a person and a change.
CREATE TABLE IF NOT EXISTS counters (
  shape INTEGER NOT NULL,
  salt BLOB NOT NULL,
  seq BIGINT NOT NULL,
  person BIGINT NOT NULL,
  position BIGINT NOT NULL,
  unwiped BOOLEAN NOT NULL       -- free pages of the file may hold removed data
);

CREATE OR REPLACE VIEW counted AS
SELECT product, seq, name, happened, person, session, source, properties FROM events WHERE counts;

CREATE OR REPLACE VIEW people AS
SELECT product, person, label, properties FROM people_known WHERE is_counted AND NOT is_test;

CREATE OR REPLACE VIEW saved_cohorts AS
SELECT product, cohort, person FROM cohort_members;
