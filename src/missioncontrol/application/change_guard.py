"""Holds a change against rules and specs: reads, asks around it, and judges."""

from collections.abc import Mapping, Sequence

import msgspec

from missioncontrol.guard.facts import (
    CANDIDATES_MAX,
    Facts,
    Wanted,
    exported_by,
    fresh_imports,
    importers_in,
    indirect_importers_in,
    known_in,
    own_packages,
    reexporters_in,
    wanted,
    word_of,
)
from missioncontrol.guard.globs import Prefilter, matching
from missioncontrol.guard.rules import PLACE, Rules, rules_of
from missioncontrol.guard.specs import (
    Judged,
    Sides,
    Spec,
    Verify,
    acceptance_path,
    judge,
    read_acceptances,
    spec_of,
)
from missioncontrol.guard.triggers import Trigger, triggers
from missioncontrol.guard.verdict import Verdict, verdict
from missioncontrol.ports.changes import ChangedRepository


class Guarded(msgspec.Struct, frozen=True):
    """What was found, and what it was held against."""

    verdict: Verdict
    rules: Rules


async def guard(repository: ChangedRepository, verify: Verify, *, now: float) -> Guarded:
    """Return the report on the change.

    Args:
        repository: with the change.
        verify: tells whether signatures are right.
        now: seconds since the epoch.

    Raises:
        Rejected: `guard.bad_rules`, `guard.bad_spec`.
        Unavailable: `guard.unreadable`.
    """
    rules = await rules_in(repository)
    change = repository.change
    fresh = fresh_imports(change)
    facts = await _facts(repository, wanted(change, rules, fresh))
    found = triggers(change, rules, facts, fresh)
    specs = await _speaking(repository, found, rules, verify, now) if found else []
    return Guarded(verdict(change.what, len(change.files), found, specs), rules)


async def rules_in(repository: ChangedRepository) -> Rules:
    """Return the rules of a repository as they are with the change."""
    if PLACE not in repository.listing.files:
        return rules_of()
    return rules_of((await repository.texts([PLACE]))[PLACE])


async def specs_in(repository: ChangedRepository, rules: Rules) -> list[Spec]:
    """Return the specs of a repository as they are with the change."""
    paths = matching(rules.specs, repository.listing.files)
    texts = await repository.texts(paths)
    found = [spec_of(path, texts[path]) for path in paths]
    return [each for each in found if each is not None]


async def _facts(repository: ChangedRepository, asked: Wanted) -> Facts:
    known = known_in(await repository.import_lines(asked.packages), asked.packages)
    words = list(dict.fromkeys(word_of(path) for path in asked.importers))
    candidates = (await repository.importing(words))[:CANDIDATES_MAX]
    texts = await repository.texts(
        [each for each in candidates if each in repository.listing.files]
    )
    own = own_packages(repository.listing.files) if asked.packages else frozenset[str]()
    importers = importers_in(asked.importers, texts)
    givers = {path: reexporters_in(path, texts) for path in asked.importers}
    handing = {path: each for path, each in givers.items() if each}
    reached = await _reached(repository, handing) if handing else {}
    importers |= {
        path: tuple(dict.fromkeys((*importers.get(path, ()), *more)))
        for path, more in reached.items()
    }
    exported = {path: exported_by(each) for path, each in handing.items()}
    return Facts(known, own, importers, exported)


async def _reached(
    repository: ChangedRepository, givers: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> dict[str, tuple[str, ...]]:
    """Return who imports files by the names that others hand on from them."""
    words = list(dict.fromkeys(word_of(giver) for each in givers.values() for giver in each))
    candidates = (await repository.importing(words))[:CANDIDATES_MAX]
    texts = await repository.texts(
        [each for each in candidates if each in repository.listing.files]
    )
    return {path: indirect_importers_in(path, each, texts) for path, each in givers.items()}


async def _speaking(
    repository: ChangedRepository,
    found: Sequence[Trigger],
    rules: Rules,
    verify: Verify,
    now: float,
) -> list[Judged]:
    """Judge those specs that speak of something that was triggered."""
    glance = Prefilter(each.path for each in found)
    specs = [
        spec
        for spec in await specs_in(repository, rules)
        if glance.may_match(spec.covers)
        and any(spec.speaks_of(each.rule.key, each.path) for each in found)
    ]
    return await judged(repository, specs, rules, verify, now=now) if specs else []


async def judged(
    repository: ChangedRepository,
    specs: Sequence[Spec],
    rules: Rules,
    verify: Verify,
    *,
    now: float,
) -> list[Judged]:
    """Say how specs stand for the change."""
    places = [acceptance_path(spec.path) for spec in specs]
    remaining = [path for path in places if path in repository.listing.files]
    signed = read_acceptances(await repository.texts(remaining))
    paths = sorted({path for each in signed.values() for path in each.accepted.files or ()})
    sides = Sides(
        await repository.base_listing(), repository.listing, await repository.contents(paths)
    )
    return [
        Judged(spec, "unsigned")
        if spec.path in signed and not signed[spec.path].counts(rules.signers, verify)
        else judge(
            spec,
            signed[spec.path].accepted if spec.path in signed else None,
            sides,
            now=now,
            fresh_days=rules.fresh_days,
        )
        for spec in specs
    ]
