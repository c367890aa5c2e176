"""What a session is: the event's own, else what somebody did without half an hour's pause.

Events of a person that name a session belong to that session, however long they are apart. Those
that name none belong together as long as each follows the one before, among those that name none,
by less than thirty minutes. Whether a session is over is told by the same measure: nothing more is
expected of one, with a name or without, in which nothing happened for thirty minutes.
"""

PAUSE = 30 * 60 * 1_000_000
"""Microseconds after which a session is over."""

NAMED = """\
SELECT *, CASE WHEN session IS NULL
    THEN 'pause ' || sum(begins) OVER ({order} ROWS UNBOUNDED PRECEDING)
    ELSE 'named ' || session END AS unit
FROM (
    SELECT *, CASE WHEN us - lag(us) OVER ({order}) < {pause} THEN 0 ELSE 1 END AS begins
    FROM {events}
)"""
ORDER = "PARTITION BY person, session IS NULL ORDER BY us, seq"


def with_sessions(events: str) -> str:
    """Return a SELECT of events with the column `unit`: the session.

    `events` is the name of a query with the columns `person, session, seq` and `us`, the moment in
    microseconds since the epoch.
    """
    return NAMED.format(order=ORDER, pause=PAUSE, events=events)


def open_sessions(sessions: str, as_of: str) -> str:
    """Return a SELECT of the sessions, `person, unit`, that are not over at a moment.

    `sessions` is the name of such a query with sessions, `as_of` the moment in microseconds.
    """
    return f"SELECT DISTINCT person, unit FROM {sessions} WHERE us > {as_of} - {PAUSE}"
