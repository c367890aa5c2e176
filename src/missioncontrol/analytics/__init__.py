"""What the people who use a product do: questions, how each is measured, and what follows from it.

A question is data (`questions.py`). Each measure turns it into one SQL statement over the views of
the warehouse, and reads its rows as an answer (`answers.py`). What words such as "converted" or
"retained" mean stands in versioned files (`definitions/`); an answer names the version by which it
was worked out.

The views are all that measures may rely on; what stands behind them is the warehouse's own.

- `counted`, every event that counts, in every measure alike. Left out are those of bots, of test
  people and of internal sources. `product VARCHAR, seq BIGINT` (the order received, unique)`, name
  VARCHAR, happened TIMESTAMP` (UTC)`, person BIGINT` (who it is, as known now)`, session VARCHAR`
  (or NULL)`, source VARCHAR, properties JSON` (an object).
- `people`, everybody of whom an event counts: `product VARCHAR, person BIGINT, label VARCHAR` (the
  id by which the product knows them)`, properties JSON` (an object).
- `saved_cohorts`, who is in a saved cohort: `product VARCHAR, cohort VARCHAR, person BIGINT`.
"""
