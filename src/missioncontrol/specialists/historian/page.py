"""Writes the history as the page that a person reads."""

from collections.abc import Iterable, Iterator

from missioncontrol.domain.work import Finding
from missioncontrol.specialists.historian.history import Churn, History, Pair
from missioncontrol.specialists.markdown import code, counted, listed, plain, prose, table

AREAS_SHOWN_MAX = 15


def page(history: History, goal: str, places: Iterable[str], found: Iterable[Finding]) -> str:
    """Return the Markdown text; `places` are the files that the goal is about."""
    lines = ["# What the history tells", "", sentence(history), ""]
    for title, body in (
        ("What to know first", _findings(found)),
        ("What this means for the goal", _goal(history, goal, list(places))),
        ("Hot spots", _hot_spots(history)),
        ("What changes together", _pairs(history)),
        ("Who knows what", _areas(history)),
        ("Activity", _activity(history)),
        ("Limits", _limits(history)),
    ):
        written = list(body)
        if written:
            lines += [f"## {title}", "", *written, ""]
    return "\n".join(lines).rstrip() + "\n"


def sentence(history: History) -> str:
    """Return the history in one sentence or two."""
    if not history.is_git:
        return "There is no git repository here, so nothing is known of its history."
    if not history.commits:
        return "The repository has no commit yet, so there is no history to read."
    if history.commits == 1:
        who = listed([plain(item.author) for item in (*history.authors, *history.automatic)])
        only = "all that this shallow clone has" if history.is_shallow else "the whole history"
        return (
            f"A single commit is {only}, made on {history.last} by {who or 'no named author'}: "
            "it says nothing about churn, hot spots, coupling or ownership."
        )
    same = history.first == history.last
    days = f"on {history.first}" if same else f"from {history.first} to {history.last}"
    text = f"{_commits(history)} {days}{_makers(history)}"
    if history.hot_spots:
        hot = history.hot_spots[0]
        text += f"; most work gathers in {code(hot.path)} ({counted(hot.commits, 'commit')})"
    return text + "."


def _commits(history: History) -> str:
    """Return how many commits were read, and of how many where that is not the whole history."""
    if history.total > history.commits:
        return f"The newest {history.commits:,} of {history.total:,} commits,"
    if history.is_shallow:
        return f"{counted(history.commits, 'commit')} in this shallow clone,"
    return counted(history.commits, "commit")


def _makers(history: History) -> str:
    """Name the authors of the commits; merges have no author, so they are not counted."""
    programs = sum(item.commits for item in history.automatic)
    by_programs = f"{programs:,} by programs" if programs else ""
    if not history.authors:
        return f", {by_programs}" if by_programs else ""
    top = history.authors[0]
    if history.author_count == 1:
        if not programs:
            return f", {'every change' if history.merges else 'all'} by {plain(top.author)}"
        return f", {top.commits:,} by {plain(top.author)} and {by_programs}"
    text = f" by {history.author_count:,} people"
    if top.commits > history.authors[1].commits:
        text += f", most by {plain(top.author)} ({top.commits:,})"
    return f"{text}, {by_programs}" if by_programs else text


def _findings(found: Iterable[Finding]) -> Iterator[str]:
    for item in found:
        texts = [item.title + ".", item.detail, item.remedy]
        yield f"- **{item.severity}**: {' '.join(prose(text) for text in texts if text)}"


def _goal(history: History, goal: str, places: list[str]) -> Iterator[str]:
    known = {file.path: file for file in history.files}
    touched = [known[path] for path in places if path in known]
    if history.commits < 2 or not touched:
        return
    yield f"The files that “{plain(goal)}” leads to:"
    yield ""
    rows = (
        (
            code(file.path),
            f"{file.commits:,}",
            f"{file.fixes:,}",
            file.last,
            listed([plain(name) for name in file.authors[:2]]),
        )
        for file in touched
    )
    yield from table(["File", "Commits:", "Fixes:", "Last change", "Most by"], rows)
    partners = [pair for pair in history.pairs if {pair.one, pair.other} & set(places)]
    if partners:
        yield ""
        yield from (_pair(pair) for pair in partners)


def _hot_spots(history: History) -> Iterator[str]:
    if not history.hot_spots:
        return
    yield "Code that changed often and is long, by commits times lines of today:"
    yield ""
    heads = ["File", "Commits:", "Fixes:", "Lines:", "Lines changed:", "Authors", "Last change"]
    yield from table(heads, (_hot_row(file) for file in history.hot_spots))


def _hot_row(file: Churn) -> tuple[str, ...]:
    return (
        code(file.path),
        f"{file.commits:,}",
        f"{file.fixes:,}",
        f"{file.lines:,}",
        f"{file.added + file.deleted:,}",
        listed([plain(name) for name in file.authors[:2]]),
        file.last,
    )


def _pairs(history: History) -> Iterator[str]:
    yield from (_pair(pair) for pair in history.pairs)


def _pair(pair: Pair) -> str:
    return (
        f"- {code(pair.one)} and {code(pair.other)}: {counted(pair.together, 'commit')} together, "
        f"{_percent(pair.degree)} of those of the less changed one"
    )


def _areas(history: History) -> Iterator[str]:
    if history.commits < 2 or history.author_count < 2:
        return
    yield "Bus factor: the fewest people who made more than half of the commits."
    yield ""
    rows = (
        (
            code(item.path) if item.path != "." else "the whole repository",
            f"{item.commits:,}",
            f"{item.authors:,}",
            f"{item.bus_factor:,}",
            listed([f"{plain(owner.author)} ({_percent(owner.share)})" for owner in item.owners]),
        )
        for item in history.areas[: AREAS_SHOWN_MAX + 1]
    )
    yield from table(["Directory", "Commits:", "People:", "Bus factor:", "Most by"], rows)
    if history.automatic:
        yield ""
        bots = [f"{plain(item.author)} ({item.commits:,})" for item in history.automatic]
        yield f"Commits by programs, not counted above: {listed(bots)}."


def _activity(history: History) -> Iterator[str]:
    if history.commits < 2:
        return
    unit = "Month" if history.activity and len(history.activity[0].name) > 4 else "Year"
    rows = ((item.name, f"{item.commits:,}", f"{item.authors:,}") for item in history.activity)
    yield from table([unit, "Commits:", "People:"], rows)


def _limits(history: History) -> Iterator[str]:
    if not history.commits:
        return
    yield f"- Read by {history.obtained}; files that no longer exist are not listed."
    if history.cut:
        left = counted(max(history.total - history.commits, 0), "older commit")
        yield f"- {left} left out, so nothing here counts them: {history.cut}."
    if history.is_shallow:
        yield "- The clone is shallow: older commits are not in it."
    if history.sweeps and history.commits > 1:
        sweeps = counted(history.sweeps, "commit touches", "commits touch")
        yield f"- {sweeps} more than 30 files, which says nothing about what changes together."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
