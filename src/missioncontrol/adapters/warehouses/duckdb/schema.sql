-- What happened, in the order received. `person` is who it is as known now, `counts` whether it
-- counts by the policy of now: both are kept up to date, so that a question reads one plain table.
CREATE TABLE IF NOT EXISTS events (
  product VARCHAR NOT NULL,
  seq BIGINT NOT NULL,
  id VARCHAR NOT NULL,
  key BIGINT NOT NULL,           -- of product and id, salted
  name VARCHAR NOT NULL,         -- '' where nothing happened, and somebody was only told about
  happened TIMESTAMP NOT NULL,
  received TIMESTAMP NOT NULL,
  person BIGINT NOT NULL,
  session VARCHAR,
  source VARCHAR NOT NULL,
  properties JSON NOT NULL,
  counts BOOLEAN NOT NULL,
  is_bot BOOLEAN NOT NULL,
  -- The rest as it came, to be given out again.
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
  first_seq BIGINT NOT NULL      -- no event of theirs is before it
);

-- The ids by which people are known.
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

-- What was worked out of the events, to be told at once when the file is opened again.
CREATE TABLE IF NOT EXISTS notes (
  product VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  text VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS policies (product VARCHAR NOT NULL, body VARCHAR NOT NULL);

-- Keys of what belonged to people who were forgotten: neither is taken again.
CREATE TABLE IF NOT EXISTS forgotten_events (product VARCHAR NOT NULL, key BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS forgotten_ids (product VARCHAR NOT NULL, key BIGINT NOT NULL);

-- Removals of people that were begun: whom each means, and what came of it, until the log says so.
CREATE TABLE IF NOT EXISTS removals (
  product VARCHAR NOT NULL,
  removal VARCHAR NOT NULL,
  key BIGINT NOT NULL,           -- of product and id, salted: the id itself is to be gone
  is_done BOOLEAN NOT NULL,
  events BIGINT NOT NULL,
  ids BIGINT NOT NULL
);

-- How much is stored of each product, kept with every change.
CREATE TABLE IF NOT EXISTS used (
  product VARCHAR NOT NULL,
  events BIGINT NOT NULL,
  bytes BIGINT NOT NULL
);

-- One row: the last number that was given to an event, a person and a change.
CREATE TABLE IF NOT EXISTS counters (
  shape INTEGER NOT NULL,
  salt BLOB NOT NULL,
  seq BIGINT NOT NULL,
  person BIGINT NOT NULL,
  position BIGINT NOT NULL,
  unwiped BOOLEAN NOT NULL       -- words of what was removed may stand in free pages of the file
);

CREATE OR REPLACE VIEW counted AS
SELECT product, seq, name, happened, person, session, source, properties FROM events WHERE counts;

CREATE OR REPLACE VIEW people AS
SELECT product, person, label, properties FROM people_known WHERE is_counted AND NOT is_test;

CREATE OR REPLACE VIEW saved_cohorts AS
SELECT product, cohort, person FROM cohort_members;
