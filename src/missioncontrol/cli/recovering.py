"""`mission repo recover`: what attempts left, as the refs of a repository say it."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.repositories import locate
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import colour, columns, note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import one_line, visible
from missioncontrol.refs.git import common_directory
from missioncontrol.refs.names import NAMESPACE
from missioncontrol.refs.recovery import (
    StoredRef,
    branches_with,
    create_branch,
    delete_refs,
    diff_stat,
    find_stored,
    list_stored,
    stored_refs,
)


def recover(arguments: argparse.Namespace) -> int:
    """Do what `mission repo recover` was asked for."""
    root = locate(arguments.repo)
    common_directory(root)  # Refused here, in words, where it is no repository.
    if arguments.branch is not None and arguments.show is None:
        raise Rejected(
            "refs.no_commit",
            "--as makes a branch of what --show names, and nothing is named.",
            hint="`mission repo recover --show REF --as BRANCH`",
        )
    if arguments.show is not None:
        return _show(arguments, root)
    if arguments.remove is not None:
        return _remove(arguments, root, [find_stored(root, arguments.remove)])
    if arguments.older_than is not None:
        return _remove(arguments, root, _older(root, arguments.older_than))
    return _list(arguments, root)


def _list(arguments: argparse.Namespace, root: Path) -> int:
    found, count = list_stored(root)
    if arguments.json:
        print_json({"kept": [_ref_fields(each) for each in found], "count": count})
        return SUCCEEDED
    if not found:
        note(f"Nothing is stored in {one_line(str(root))}.\n")
        return SUCCEEDED
    width = max(len(_short(each)) for each in found)
    for each in found:
        print_text(visible(_line(each, width)) + "\n")
    if count > len(found):
        note(f"These are the newest {len(found):,} of {count:,}.\n")
    note("`mission repo recover --show REF` shows one, and with --as BRANCH branches from it.\n")
    return SUCCEEDED


def _line(each: StoredRef, width: int) -> str:
    files = "1 file" if each.files == 1 else f"{each.files:,} files"
    place = "in a branch" if each.is_contained else "in no branch"
    who = f"{each.agent}, step {each.step}" if each.agent else each.title
    return f"{moment(each.at)}  {_short(each):<{width}}  {files:>9}  {place:<12}  {one_line(who)}"


def _show(arguments: argparse.Namespace, root: Path) -> int:
    found = find_stored(root, arguments.show)
    if arguments.branch is not None:
        create_branch(root, arguments.branch, found.commit)
    stat = diff_stat(root, found.commit, width=min(columns(), 200))
    names = branches_with(root, found.commit)
    if arguments.json:
        more = {"branches": names, "stat": visible(stat), "branch": arguments.branch or ""}
        print_json({**_ref_fields(found), **more})
        return SUCCEEDED
    print_text(f"{colour(visible(found.ref), '33')}  {found.commit}\n")
    for name, value in (
        ("what", found.title),
        ("when", moment(found.at)),
        ("run", found.run),
        ("step", f"{found.step}, attempt {found.attempt}" if found.step else ""),
        ("agent", found.agent),
        ("in", ", ".join(names) or "no branch"),
    ):
        if value:
            print_text(f"  {name:<6}{one_line(value)}\n")
    print_text(visible(stat))
    if arguments.branch is not None:
        print_text(f"The branch {one_line(arguments.branch)} is made; nothing is checked out.\n")
    return SUCCEEDED


def _older(root: Path, age: str) -> list[StoredRef]:
    seconds = seconds_of(age)
    if isinstance(seconds, str):
        raise Rejected("refs.bad_age", f"--older-than is {age[:60]!r}.", hint=seconds)
    until = SystemClock().now() - seconds
    return [each for each in stored_refs(root) if each.at < until]


def _remove(arguments: argparse.Namespace, root: Path, found: Sequence[StoredRef]) -> int:
    count = delete_refs(root, found)
    if arguments.json:
        gone = [{"ref": each.ref, "commit": each.commit} for each in found]
        print_json({"removed": gone, "count": count})
        return SUCCEEDED
    for each in found[:10]:
        print_text(visible(f"removed  {_short(each)}  {each.commit}") + "\n")
    if not count:
        print_text(f"Nothing that is stored is older than {arguments.older_than}.\n")
        return SUCCEEDED
    more = f", {count - 10:,} more than are named" if count > 10 else ""
    print_text(f"{count:,} {'is' if count == 1 else 'are'} removed{more}.\n")
    note("Until git collects what no ref needs, `git branch NAME COMMIT` brings one back.\n")
    return SUCCEEDED


def _short(each: StoredRef) -> str:
    return each.ref.removeprefix(NAMESPACE)


def _ref_fields(each: StoredRef) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(each)
    return fields
