"""The three questions of the cockpit, and the same of the same events in SQLite."""

from datetime import date, timedelta

from bench.analytics.world import PRODUCT
from missioncontrol.analytics.questions import (
    DAY,
    Active,
    AnyQuestion,
    Funnel,
    Pattern,
    Range,
    Retention,
    Step,
)

WEEK = 7

SQLITE_SCHEMA = """
CREATE TABLE events (seq INTEGER PRIMARY KEY, name TEXT, happened INTEGER, person INTEGER);
"""
SQLITE_INDEXES = """
CREATE INDEX by_name ON events (name, person, happened, seq);
CREATE INDEX by_time ON events (happened, person);
ANALYZE;
"""

FUNNEL = """
-- Moments are microseconds. A step counts where the latest that counts before it is near enough.
WITH e AS (
  SELECT name, happened, person, seq FROM events
  WHERE name IN ('signup', 'onboarding_complete', 'first_key_action', 'invite')
    AND happened >= :since
), a AS (
  SELECT *, max(CASE WHEN name = 'signup' AND happened < :until THEN happened END) OVER w AS t0
  FROM e
  WINDOW w AS (PARTITION BY person ORDER BY happened, seq
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), b AS (
  SELECT *, max(CASE WHEN name = 'onboarding_complete' AND happened - t0 <= 7 * :day
      THEN happened END) OVER w AS t1
  FROM a
  WINDOW w AS (PARTITION BY person ORDER BY happened, seq
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), c AS (
  SELECT *, max(CASE WHEN name = 'first_key_action' AND happened - t1 <= 7 * :day
      THEN happened END) OVER w AS t2
  FROM b
  WINDOW w AS (PARTITION BY person ORDER BY happened, seq
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT count(DISTINCT CASE WHEN name = 'signup' AND happened < :until THEN person END),
  count(DISTINCT CASE WHEN name = 'onboarding_complete' AND happened - t0 <= 7 * :day
    THEN person END),
  count(DISTINCT CASE WHEN name = 'first_key_action' AND happened - t1 <= 7 * :day
    THEN person END),
  count(DISTINCT CASE WHEN name = 'invite' AND happened - t2 <= 14 * :day THEN person END)
FROM c
"""

RETENTION = """
WITH began AS (
  SELECT person, min(happened) AS t0 FROM events WHERE name = 'signup' GROUP BY person
), cohort AS (
  SELECT person, t0, (t0 - :since) / (7 * :day) AS week FROM began
  WHERE t0 >= :since AND t0 < :until
), kept AS (
  SELECT DISTINCT c.week, c.person, (e.happened - :since) / (7 * :day) - c.week AS period
  FROM events e JOIN cohort c USING (person)
  WHERE e.happened >= c.t0 AND e.happened >= :since
)
SELECT week, period, count(*) FROM kept WHERE period BETWEEN 0 AND 10 GROUP BY 1, 2
"""

ACTIVE = """
WITH RECURSIVE days(day) AS (
  SELECT 0 UNION ALL SELECT day + 1 FROM days WHERE day < :days - 1
), seen AS (
  SELECT DISTINCT person, (happened - :first) / :day AS day FROM events
  WHERE happened >= :first AND happened < :until
)
SELECT d.day,
  count(DISTINCT CASE WHEN s.day = d.day + 29 THEN s.person END),
  count(DISTINCT CASE WHEN s.day > d.day + 22 THEN s.person END),
  count(DISTINCT s.person)
FROM days d JOIN seen s ON s.day BETWEEN d.day AND d.day + 29
GROUP BY d.day
"""


def cockpit(until: date) -> dict[str, AnyQuestion]:
    """Return the questions of the cockpit's first look: the 30 and the 70 days before `until`."""
    last = until - timedelta(days=1)
    month = Range(last - timedelta(days=29), last)
    weeks = Range(last - timedelta(days=10 * WEEK - 1), last)
    return {
        "funnel": Funnel(
            product=PRODUCT,
            range=month,
            steps=(
                Step(Pattern("signup")),
                Step(Pattern("onboarding_complete"), 7 * DAY),
                Step(Pattern("first_key_action"), 7 * DAY),
                Step(Pattern("invite"), 14 * DAY),
            ),
        ),
        "retention": Retention(
            product=PRODUCT,
            range=weeks,
            start=Pattern("signup"),
            back=Pattern(),
            unit="week",
            periods=10,
        ),
        "active": Active(product=PRODUCT, range=month),
    }
