"""Folds commits into what they tell: churn of files, hot spots, coupling, ownership, activity."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.historian.log import Commit, Log

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

FILES_OF_A_SWEEP = 30
"""A commit that changes more files than this says nothing about which belong together."""
TOGETHER_MIN = 3
DEGREE_MIN = 0.5
PAIRED_FILES_MAX = 2_000
HOT_SPOTS_MAX = 15
PAIRS_MAX = 15
AREAS_MAX = 40
AUTHORS_MAX = 20
MONTHS_SHOWN_MAX = 36


class Churn(msgspec.Struct, frozen=True):
    """What the commits did to one file that still exists; former names count too."""

    path: str
    commits: int
    fixes: int  # commits whose subject speaks of a fix
    added: int
    deleted: int
    authors: tuple[str, ...]  # the one with most commits first
    first: str  # day of the first commit that is known, YYYY-MM-DD
    last: str
    lines: int  # today
    former: tuple[str, ...] = ()  # names it had before

    @property
    def heat(self) -> int:
        """How often it changed times how long it is: where work and mistakes gather."""
        return self.commits * self.lines


class Pair(msgspec.Struct, frozen=True):
    """Two files that change together."""

    one: str
    other: str
    together: int  # commits that changed both
    degree: float  # as a share of the commits that changed the less often changed one


class Share(msgspec.Struct, frozen=True):
    """How many commits a person made."""

    author: str
    commits: int
    share: float


class Area(msgspec.Struct, frozen=True):
    """Who knows a directory."""

    path: str  # `.` for the whole repository
    commits: int
    authors: int
    owners: tuple[Share, ...]  # those with most commits
    bus_factor: int  # the fewest people who made more than half of the commits


class Period(msgspec.Struct, frozen=True):
    """What happened in a month or a year."""

    name: str  # YYYY-MM or YYYY
    commits: int
    authors: int


class History(msgspec.Struct, frozen=True):
    """Everything the historian knows."""

    is_git: bool
    commit: str
    commits: int
    merges: int
    first: str
    last: str
    authors: tuple[Share, ...]
    author_count: int
    automatic: tuple[Share, ...]  # commits by bots
    sweeps: int  # commits that touch too many files to tell what belongs together
    activity: tuple[Period, ...]
    files: tuple[Churn, ...]  # every file of today that a commit is known for, by path
    hot_spots: tuple[Churn, ...]
    pairs: tuple[Pair, ...]
    areas: tuple[Area, ...]  # the whole repository first
    cut: str
    is_shallow: bool
    obtained: str
    total: int = 0  # all commits that there are, read or not


def history_of(log: Log | None, tree: "Tree") -> History:
    """Return what `log` tells about the files of `tree`."""
    if log is None:
        return _without_git()
    files = _churn(log, tree)
    commits = [commit for commit in log.commits if commit.parents < 2]
    people = Counter(commit.author for commit in commits if not is_bot(commit.author))
    bots = Counter(commit.author for commit in commits if is_bot(commit.author))
    days = sorted(commit.seconds for commit in log.commits)
    return History(
        True,
        tree.commit,
        len(log.commits),
        len(log.commits) - len(commits),
        day(days[0]) if days else "",
        day(days[-1]) if days else "",
        _shares(people)[:AUTHORS_MAX],
        len(people),
        _shares(bots)[:AUTHORS_MAX],
        sum(1 for commit in commits if len(commit.changes) > FILES_OF_A_SWEEP),
        _activity(log.commits),
        files,
        _hot_spots(files, tree),
        _pairs(log, _worth_pairing(files, tree)),
        _areas(log, commits, tree),
        log.cut,
        log.is_shallow,
        log.obtained,
        log.total,
    )


def day(seconds: int) -> str:
    """Return the day in UTC as YYYY-MM-DD; a clock gone wild becomes the nearest day there is."""
    bounded = min(max(seconds, 0), 253_402_300_799)
    return datetime.fromtimestamp(bounded, UTC).strftime("%Y-%m-%d")


def is_bot(author: str) -> bool:
    """Whether a program made the commit, by its name."""
    return author.lower().endswith(("[bot]", "-bot", " bot")) or author in BOTS


BOTS = frozenset({"dependabot", "renovate", "github-actions", "pre-commit-ci", "GitHub Actions"})


def present_names(log: Log) -> dict[tuple[str, str], str]:
    """Return today's name of a file by (commit, name at that commit), where it had another."""
    names: dict[tuple[str, str], str] = {}
    today: dict[str, str] = {}
    for commit in log.commits:
        for change in commit.changes:
            if change.path in today:
                names[commit.id, change.path] = today[change.path]
        for change in commit.changes:
            if change.before and change.before != change.path:
                today[change.before] = today.pop(change.path, change.path)
    return names


def area(path: str) -> str:
    """Return the directory that `path` is counted under: at most two deep."""
    return "/".join(path.split("/")[:-1][:2]) or "."


def _churn(log: Log, tree: "Tree") -> tuple[Churn, ...]:
    names = present_names(log)
    touched: dict[str, list[tuple[Commit, str, int, int]]] = defaultdict(list)
    for commit in log.commits:
        for change in commit.changes:
            path = names.get((commit.id, change.path), change.path)
            touched[path].append((commit, change.path, change.added, change.deleted))
    found = []
    for file in tree.files:
        rows = touched.get(file.path)
        if rows:
            found.append(_file_churn(file.path, file.lines, rows))
    return tuple(found)


def _file_churn(path: str, lines: int, rows: list[tuple[Commit, str, int, int]]) -> Churn:
    authors = Counter(row[0].author for row in rows)
    moments = [row[0].seconds for row in rows]
    return Churn(
        path,
        len(rows),
        sum(1 for row in rows if row[0].is_fix),
        sum(row[2] for row in rows),
        sum(row[3] for row in rows),
        tuple(share.author for share in _shares(authors)[:5]),
        day(min(moments)),
        day(max(moments)),
        lines,
        tuple(dict.fromkeys(row[1] for row in rows if row[1] != path)),
    )


def _hot_spots(files: Iterable[Churn], tree: "Tree") -> tuple[Churn, ...]:
    code = {file.path for file in tree.files if file.kind == "code"}
    changed = [file for file in files if file.path in code and file.commits > 1]
    return tuple(sorted(changed, key=lambda file: (-file.heat, file.path))[:HOT_SPOTS_MAX])


def _worth_pairing(files: Iterable[Churn], tree: "Tree") -> dict[str, Churn]:
    """Return the files by path, without change logs and lock files: those go with everything."""
    kinds = {"code", "test", "configuration", "data"}
    wanted = {file.path for file in tree.files if file.kind in kinds}
    return {file.path: file for file in files if file.path in wanted}


def _pairs(log: Log, files: Mapping[str, Churn]) -> tuple[Pair, ...]:
    names = present_names(log)
    often = sorted(files.values(), key=lambda file: (-file.commits, file.path))
    wanted = {file.path for file in often[:PAIRED_FILES_MAX] if file.commits >= TOGETHER_MIN}
    counts: Counter[tuple[str, str]] = Counter()
    for commit in log.commits:
        if 2 <= len(commit.changes) <= FILES_OF_A_SWEEP:
            paths = {names.get((commit.id, item.path), item.path) for item in commit.changes}
            counts.update(combinations(sorted(paths & wanted), 2))
    found = []
    for (one, other), together in counts.items():
        degree = together / min(files[one].commits, files[other].commits)
        if together >= TOGETHER_MIN and degree >= DEGREE_MIN:
            found.append(Pair(one, other, together, round(min(degree, 1.0), 2)))
    found.sort(key=lambda pair: (-pair.together * pair.degree, pair.one, pair.other))
    return tuple(found[:PAIRS_MAX])


def _areas(log: Log, commits: Iterable[Commit], tree: "Tree") -> tuple[Area, ...]:
    names = present_names(log)
    present = {file.path for file in tree.files}
    makers: dict[str, Counter[str]] = defaultdict(Counter)
    for commit in commits:
        if is_bot(commit.author):
            continue
        makers["."][commit.author] += 1
        paths = (names.get((commit.id, item.path), item.path) for item in commit.changes)
        for place in {area(path) for path in paths if path in present} - {"."}:
            makers[place][commit.author] += 1
    found = [_area(path, counts) for path, counts in makers.items()]
    found.sort(key=lambda item: (item.path != ".", -item.commits, item.path))
    return tuple(found[:AREAS_MAX])


def _area(path: str, makers: Counter[str]) -> Area:
    shares = _shares(makers)
    total = sum(makers.values())
    half, bus_factor = 0, 0
    for share in shares:
        half += share.commits
        bus_factor += 1
        if half * 2 > total:
            break
    return Area(path, total, len(makers), shares[:3], bus_factor)


def _shares(makers: Counter[str]) -> tuple[Share, ...]:
    total = sum(makers.values())
    ordered = sorted(makers.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Share(author, count, round(count / total, 3)) for author, count in ordered)


def _activity(commits: Iterable[Commit]) -> tuple[Period, ...]:
    """Return commits by month, or by year where there would be too many months."""
    days = [(day(commit.seconds), commit.author) for commit in commits]
    months = {moment[:7] for moment, _ in days}
    width = 7 if len(months) <= MONTHS_SHOWN_MAX else 4
    authors: dict[str, list[str]] = defaultdict(list)
    for moment, author in days:
        authors[moment[:width]].append(author)
    return tuple(Period(name, len(who), _people(who)) for name, who in sorted(authors.items()))


def _people(authors: Iterable[str]) -> int:
    return sum(1 for author in set(authors) if not is_bot(author))


def _without_git() -> History:
    obtained = "git finds no repository here"
    empty = ((), (), (), (), ())
    return History(False, "", 0, 0, "", "", (), 0, (), 0, *empty, "", False, obtained)
