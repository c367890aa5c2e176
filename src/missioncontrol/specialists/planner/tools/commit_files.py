"""Reads the files of one commit: nothing outside of it can be named, or linked to."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.specialists.git import git, git_part, head_commit

SECONDS_MAX = 60.0
BYTES_MAX = 8 * 1024 * 1024
LINK, MODULE = "120000", "160000"
LINES_MAX = 400
"""Lines of a file, or of what blame says of it, in one answer."""
LINE_MAX = 400
"""Characters of a line that are shown."""
FOUND_MAX, FOUND_PER_FILE_MAX = 100, 20
LISTED_MAX = 500
PATTERN_MAX = 500


class CommittedFiles:
    """The files of the checked-out commit, below one directory of its repository.

    They are the files that a plan is held against. git is asked for names that stand in the commit
    alone, and it keeps links as texts: so no path leads out, and no link is followed.
    """

    def __init__(self, root: Path) -> None:
        """Find the commit.

        Raises:
            Rejected: `tools.no_commit`.
        """
        self.root = root
        self.commit = head_commit(root) or ""
        if not self.commit:
            raise Rejected(
                "tools.no_commit",
                f"{str(root)!r} is no git repository with a commit.",
                hint="Commit what is there.",
            )

    @cached_property
    def modes(self) -> Mapping[str, str]:
        """Every path, relative to the directory, with its mode as git writes it."""
        listed = git(self.root, "ls-tree", "-r", "-z", self.commit, seconds=SECONDS_MAX)
        entries = (line.partition("\t") for line in listed.split("\0") if line)
        return {path: about.partition(" ")[0] for about, _, path in entries}

    def file(self, path: str) -> str:
        """Return `path` as git has it.

        Raises:
            Rejected: `tools.outside` or `tools.link`.
            NotFound: `tools.no_file`.
        """
        if path.startswith(("/", "~")) or ".." in path.split("/") or "\0" in path:
            raise Rejected(
                "tools.outside",
                f"{path[:200]!r} leads out of the repository.",
                hint="Name a file relative to the top of the repository.",
            )
        name = path.removeprefix("./")
        mode = self.modes.get(name)
        if mode in (LINK, MODULE):
            what = "a link" if mode == LINK else "another repository"
            raise Rejected("tools.link", f"{name!r} is {what}, and no file to read.")
        if mode is None:
            raise NotFound(
                "tools.no_file",
                f"{name[:200]!r} is no file of the repository.",
                hint="`list_files` names them.",
            )
        return name

    def text(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            Rejected, NotFound: as `file`.
        """
        return git_part(
            self.root,
            *("show", f"{self.commit}:./{self.file(path)}"),
            seconds=SECONDS_MAX,
            bytes_max=BYTES_MAX,
        ).text

    def lines(self, path: str, first: int, last: int) -> Iterator[str]:
        """Yield numbered lines of a file, at most `LINES_MAX`, and what was left out."""
        every = self.text(path).split("\n")
        if every and not every[-1]:
            every.pop()
        end = min(last or first + LINES_MAX - 1, first + LINES_MAX - 1, len(every))
        yield f"{path} has {len(every):,} lines"
        for number in range(first, end + 1):
            yield f"{number}: {_cut(every[number - 1])}"

    def found(self, text: str, *, is_regex: bool, below: str) -> Iterator[str]:
        """Yield the places where a text or an extended regular expression stands.

        Raises:
            Rejected: `tools.bad_pattern`; `tools.outside`.
        """
        if not text or len(text) > PATTERN_MAX or "\n" in text:
            raise Rejected("tools.bad_pattern", f"Give one line of up to {PATTERN_MAX} characters.")
        if is_regex:
            _refuse_bad_regex(text)
        place = self._directory(below)
        how = ("-n", "-I", "-z", "-E" if is_regex else "-F", f"--max-count={FOUND_PER_FILE_MAX}")
        data = git_part(
            self.root,
            *("grep", *how, "-e", text, self.commit, "--", place or "."),
            seconds=SECONDS_MAX,
            bytes_max=BYTES_MAX,
            fine=(0, 1),
        )
        lines = data.text.split("\n")[:-1]
        for line in lines[:FOUND_MAX]:
            place, _, rest = line.partition("\0")
            number, _, content = rest.partition("\0")
            yield f"{place.partition(':')[2]}:{number}: {_cut(content.strip())}"
        if len(lines) > FOUND_MAX or data.cut:
            yield f"… more than {FOUND_MAX} places; look for something rarer or below a directory"

    def listed(self, below: str, pattern: str) -> Iterator[str]:
        """Yield the paths below a directory whose names or paths fit a pattern like `*.py`.

        Raises:
            Rejected: `tools.outside`.
        """
        top = self._directory(below)
        start = f"{top}/" if top else ""
        every = [
            path
            for path in self.modes
            if path.startswith(start)
            and (fnmatchcase(path, pattern) or fnmatchcase(path.rpartition("/")[2], pattern))
        ]
        yield from every[:LISTED_MAX]
        if len(every) > LISTED_MAX:
            yield f"… {len(every) - LISTED_MAX:,} more; name a directory or a pattern"

    def blamed(self, path: str, first: int, last: int) -> Iterator[str]:
        """Yield lines with the commit, the day and the person that changed each last."""
        name = self.file(path)
        end = min(max(last, first), first + LINES_MAX - 1)
        output = git(
            self.root,
            *("blame", "--date=short", f"-L{first},{end}", self.commit, "--", name),
            seconds=SECONDS_MAX,
        )
        yield from map(_cut, output.splitlines())

    def changes(self, path: str, limit: int) -> Iterator[str]:
        """Yield the newest commits that changed a file: id, day, person and subject."""
        name = self.file(path)
        output = git(
            self.root,
            *("log", f"-n{limit}", "--date=short"),
            *("--format=%h %ad %an: %s", self.commit, "--", name),
            seconds=SECONDS_MAX,
        )
        yield from map(_cut, output.splitlines())

    def _directory(self, path: str) -> str:
        """Return a directory below which files stand, or "" for all.

        Raises:
            Rejected: `tools.outside`.
        """
        name = path.strip().removeprefix("./").strip("/") if not path.startswith("/") else path
        if name in ("", "."):
            return ""
        if path.startswith(("/", "~")) or ".." in name.split("/") or "\0" in name:
            raise Rejected("tools.outside", f"{path[:200]!r} leads out of the repository.")
        return name


def _cut(line: str) -> str:
    return line if len(line) <= LINE_MAX else f"{line[:LINE_MAX]}…"


def _refuse_bad_regex(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise Rejected(
            "tools.bad_pattern", f"{text!r} is no regular expression: {error}."
        ) from None
