"""Product analytics: questions, their measures, and the changes found in the answers.

A question is data (`questions.py`). Each measure turns it into one SQL statement over the views of
the warehouse, and its rows into an answer (`answers.py`). Versioned files define words such as
"converted" or "retained" (`definitions/`); an answer names the version that applied.

Measures use these views only; the tables behind them belong to the warehouse.

- `counted`: every event that counts, the same for all measures. It excludes those of bots, test
  people and internal sources. `product VARCHAR, seq BIGINT` (the order received, unique)`, name
  VARCHAR, happened TIMESTAMP` (UTC)`, person BIGINT` (after all merges)`, session VARCHAR`
  (or NULL)`, source VARCHAR, properties JSON` (an object).
- `people`: everyone with an event that counts: `product VARCHAR, person BIGINT, label VARCHAR` (the
  id that the product uses)`, properties JSON` (an object).
- `saved_cohorts`: members of saved cohorts: `product VARCHAR, cohort VARCHAR, person BIGINT`.
"""
