"""Whether a line of output is one of those that are wanted."""

from missioncontrol.ports.output_store import LineQuery, StoredLine


def words_of(text: str) -> list[str]:
    """Return what is looked for: what stands between spaces, in small letters.

    A NUL would end a question to the index early.
    """
    return text.replace("\0", " ").lower().split()


def fits(stored: StoredLine, query: LineQuery) -> bool:
    """Whether a line is one of those that are wanted."""
    line = stored.line
    return (
        query.run in ("", line.run)
        and query.step in ("", line.step)
        and query.agent in ("", line.agent)
        and query.level in ("", line.level)
        and query.since <= line.time
        and (not query.until or line.time < query.until)
        and query.after < stored.number
        and (not query.before or stored.number < query.before)
        and all(word in line.message.lower() for word in words_of(query.text))
    )
