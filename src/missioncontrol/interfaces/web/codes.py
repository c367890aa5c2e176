"""Where the code of a mission's repository is shown."""

from urllib.parse import quote, urlencode

from missioncontrol.application.queries.run_outcome import RunReport


def code_url(story: RunReport, path: str, line: int = 0, last: int = 0) -> str:
    """Return where a file is shown, at a line where one is named; "" where there is no commit."""
    if not story.reading.record.commit:
        return ""
    return code_address(story.mission.id, path, line, last, run=story.state.id)


def code_address(mission: str, path: str, line: int = 0, last: int = 0, *, run: str = "") -> str:
    """Return where a file of a mission's repository is shown, whether or not it is there."""
    query: dict[str, str | int] = {"path": path}
    query |= {"line": line} if line else {}
    query |= {"last": last} if last > line else {}
    query |= {"run": run} if run else {}
    anchor = f"#L{line}" if line else ""
    return f"/missions/{quote(mission)}/code?{urlencode(query)}{anchor}"
