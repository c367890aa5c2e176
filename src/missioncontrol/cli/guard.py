"""`mission guard`: holds a change against rules and specs, and takes acceptances in.

A check runs before every commit, so it imports little and needs no home.
"""

import argparse
import asyncio
import os
from pathlib import Path
from posixpath import normpath
from typing import Any

import msgspec

from missioncontrol import __version__
from missioncontrol.adapters.changes import GitChanges, top_of
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.repositories import locate
from missioncontrol.adapters.signing import is_attested
from missioncontrol.application.change_guard import Guarded, guard, judged, rules_in, specs_in
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import colour, note, print_bytes, print_json, print_text
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.guard.rules import Rules, rules_text
from missioncontrol.guard.specs import (
    Judged,
    Signed,
    accept,
    acceptance_path,
    acceptance_text,
    digest_of,
    spec_of,
)
from missioncontrol.guard.verdict import Finding, Verdict, sarif_of

COLOURS = {"error": "31", "warning": "33", "note": "2"}


def guarded(arguments: argparse.Namespace) -> int:
    """Do what `mission guard` was asked for."""
    match arguments.guard:
        case "accept":
            return _accept(arguments)
        case "specs":
            return asyncio.run(_specs(arguments))
        case "rules":
            return asyncio.run(_rules(arguments))
    found = asyncio.run(_held(arguments))
    match arguments.format:
        case "json":
            print_json(msgspec.to_builtins(found.verdict))
        case "sarif":
            print_json(sarif_of(found.verdict, found.rules, version=__version__))
        case _:
            print_text(_format_verdict(found.verdict))
    return FAILED if found.verdict.is_refused else SUCCEEDED


async def _held(arguments: argparse.Namespace) -> Guarded:
    root = await top_of(locate(arguments.repo))
    repository = (
        await GitChanges.between(root, arguments.range)
        if arguments.range
        else await GitChanges.staged(root)
    )
    return await guard(repository, is_attested, now=SystemClock().now())


def _format_verdict(verdict: Verdict) -> str:
    files = f"{verdict.files:,} file{'' if verdict.files == 1 else 's'}"
    if not verdict.findings:
        covered = f", by {', '.join(verdict.covered)}" if verdict.covered else ""
        message = (
            f"Nothing in {verdict.what} ({files}) needs a spec that it does not have{covered}."
        )
        return visible(message) + "\n"
    lines: list[str] = []
    by_rule: dict[str, list[Finding]] = {}
    for each in verdict.findings:
        by_rule.setdefault(each.rule, []).append(each)
    for key, findings in by_rule.items():
        first = findings[0]
        lines += [
            f"{colour(first.severity, COLOURS[first.severity])} {key}: {visible(first.title)}",
            f"  {visible(first.why)}",
        ]
        for each in findings:
            place = f"{each.path}:{each.line}" if each.line else each.path
            parts = (f"  {place}", f"      {each.reason}", f"      {each.remedy}")
            lines += [visible(line) for line in parts]
        lines += [""]
    errors = sum(each.severity == "error" for each in verdict.findings)
    rest = len(verdict.findings) - errors
    lines += [
        f"{visible(verdict.what)} ({files}): {errors} to be settled before it goes on"
        + (f", {rest} to think about" if rest else "")
        + "."
    ]
    return "\n".join(lines) + "\n"


async def _rules(arguments: argparse.Namespace) -> int:
    root = await top_of(locate(arguments.repo))
    print_bytes(rules_text(await rules_in(await GitChanges.staged(root))).encode())
    return SUCCEEDED


async def _specs(arguments: argparse.Namespace) -> int:
    found, rules = await specs_staged(await top_of(locate(arguments.repo)))
    if arguments.json:
        print_json([_judged_fields(each) for each in found])
        return SUCCEEDED
    for each in found:
        print_text(visible(f"{each.spec.path}  {each.words}\n"))
    if not found:
        where = ", ".join(rules.specs)
        print_text(f"No spec here: none of {visible(where)} says what it `covers:`.\n")
    return SUCCEEDED


async def specs_staged(root: Path) -> tuple[list[Judged], Rules]:
    """Return how the specs of a checkout stand as they are staged, and by which rules.

    Raises:
        Rejected, Unavailable: see `application.change_guard.guard`.
    """
    repository = await GitChanges.staged(root)
    rules = await rules_in(repository)
    specs = await specs_in(repository, rules)
    return await judged(repository, specs, rules, is_attested, now=SystemClock().now()), rules


def _judged_fields(each: Judged) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(each)
    return {**fields, "words": each.words}


def _accept(arguments: argparse.Namespace) -> int:
    from missioncontrol.adapters.repository_files import RepositoryFiles
    from missioncontrol.application.specs import SpecAsked
    from missioncontrol.cli.desk import Desk

    root, repository, path, text = asyncio.run(_staged_spec(arguments))
    _refuse_links(root, acceptance_path(path))
    spec = spec_of(path, text)
    if spec is None:
        raise Rejected(
            "guard.bad_spec",
            f"The spec {path} does not say what it covers.",
            hint="At its top it says, between two lines of ---, `covers:` with patterns of files.",
        )
    acceptance = accept(spec, repository.listing, at=0.0, by="", reason=arguments.reason)
    covered = len(acceptance.files) if acceptance.files is not None else 0
    desk = Desk(arguments, os.environ)
    try:
        ask = SpecAsked(
            str(root),
            path,
            acceptance.digest,
            acceptance.covered,
            acceptance.near,
            covered,
            repository.change.base,
            arguments.reason,
        )
        answer = desk.deliver(ask)
    finally:
        desk.close()
    acceptance = msgspec.structs.replace(acceptance, at=answer["at"], by=answer["by"])
    place = acceptance_path(path)
    text = acceptance_text(Signed(acceptance, answer["key"], answer["signature"]))
    RepositoryFiles(root).write(place, text)
    if arguments.json:
        print_json({**answer, "file": place, "files": covered})
        return SUCCEEDED
    files = f"{covered:,} file{'' if covered == 1 else 's'}"
    print_text(visible(f"{path} is accepted for {files} as they are staged.\n"))
    note(visible(f"It counts once it is committed with the change: git add {place}\n"))
    return SUCCEEDED


async def _staged_spec(arguments: argparse.Namespace) -> tuple[Path, GitChanges, str, str]:
    """Return a spec as it is staged; what is accepted has to be what a commit will hold.

    Raises:
        Rejected: `guard.no_spec`, `guard.not_staged`.
    """
    where = locate(arguments.repo)
    root = await top_of(where)
    repository = await GitChanges.staged(root)
    inside = where.relative_to(root.resolve()).as_posix().removeprefix(".")
    named = arguments.spec.removeprefix("./")
    places = (normpath(f"{inside}/{named}".lstrip("/")), named)
    path = next((each for each in places if each in repository.listing.files), "")
    if not path:
        raise Rejected(
            "guard.no_spec",
            f"{arguments.spec!r} is no file that git knows in {root}.",
            hint=f"`git add {arguments.spec}` first, or look at `mission guard specs`.",
        )
    text = (await repository.texts([path]))[path]
    try:
        written_now = digest_of((root / path).read_text("utf-8", "replace"))
    except OSError:
        written_now = ""
    if written_now != digest_of(text):
        raise Rejected(
            "guard.not_staged",
            f"{path} was changed after it was staged, so it is not what a commit would hold.",
            hint=f"`git add {path}`, then accept it.",
        )
    return root, repository, path, text


def _refuse_links(root: Path, place: str) -> None:
    """Refuse to write where a link of the repository would lead somewhere else.

    Raises:
        Rejected: `guard.link`.
    """
    for each in (root / place, *(root / place).parents):
        if each == root:
            return
        if each.is_symlink():
            raise Rejected(
                "guard.link",
                f"{each.relative_to(root)} is a link, and nothing is written through one.",
                hint="Put a directory there.",
            )
