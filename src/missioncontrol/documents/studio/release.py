"""Release notes: what was really changed and proven; nothing for what was only planned."""

from collections.abc import Iterator

from missioncontrol.documents.changes import Changes
from missioncontrol.documents.figures import MINUS, counted, grouped
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, named, short
from missioncontrol.documents.studio.model import Listing, Section, Table

FILES_MAX = 60


def sections(of: Material) -> Iterator[Section]:
    """Yield what changed, what it means to who upgrades, and how it was proven."""
    made = of.reading.changes
    if made is None or not made.files:
        yield from _nothing(of, made)
        return
    yield from _changed(of, made)
    yield from _upgrading(of, made)
    yield from _proof(of, made)
    yield from _files(of, made)


def _nothing(of: Material, made: Changes | None) -> Iterator[Section]:
    title = f"“{short(of.record.title, 100)}”"
    if made is not None:
        statement = of.say(f"{title} changed no file of {of.subject}.", of.result(made.last))
    elif of.changes:
        tasks = named((one.task.key for one in of.changes), most=5)
        verb, whose = ("is", "its") if len(of.changes) == 1 else ("are", "their")
        begun = " and ".join(dict.fromkeys(one.state.replace("_", " ") for one in of.changes))
        statement = of.say(
            f"{title} has changed nothing of {of.subject} so far: {tasks} {verb} {begun}. There is "
            f"something to tell once {whose} patch is there and tested, as with "
            "`mission run GOAL --builder AGENT`.",
            of.standing,
            of.whole_plan,
        )
    else:
        statement = of.say(f"The plan for {title} changes no code of {of.subject}.", of.whole_plan)
    yield from parts.section("nothing", "Nothing to release", parts.paragraph(statement))


def _changed(of: Material, made: Changes) -> Iterator[Section]:
    items = tuple(
        of.say(
            ended(f"{one.task.title}: {one.work.summary}" if one.work.summary else one.task.title),
            of.result(one),
            *(of.requirement(r) for r in of.plan.requirements if r.id in one.task.requirements),
        )
        for one in made.tasks
        if one.state == "succeeded"
    )
    yield from parts.section("changed", "Changed", Listing(items))


def _upgrading(of: Material, made: Changes) -> Iterator[Section]:
    done = {name for one in made.tasks if one.state == "succeeded" for name in one.task.decisions}
    items = tuple(
        of.say(f"{each.title}: {ended(each.choice)} {ended(each.tradeoff)}", of.decision(each))
        for each in of.plan.decisions
        if each.id in done
    )
    yield from parts.section("upgrading", "When you upgrade", Listing(items))


def _proof(of: Material, made: Changes) -> Iterator[Section]:
    items = [
        of.say(
            f"The tests with the change: {grouped(ran.passed)} passed, {ran.failed} failed, "
            f"{ran.errors} with errors, {ran.skipped} skipped.",
            of.tested(one),
        )
        for one, ran in of.reading.proofs
    ]
    for one, why in made.unproven:
        words = f": {why}" if why else f" and {one.state.replace('_', ' ')}"
        items.append(of.say(ended(f"Not proven: {code(one.task.key)}{words}"), of.result(one)))
    yield from parts.section("proof", "How it was proven", Listing(tuple(items)))


def _files(of: Material, made: Changes) -> Iterator[Section]:
    source = of.result(made.last)
    if made.exhibit is not None:
        source = of.held(made.exhibit.artifact.name)
    rows = tuple(
        of.row(
            [code(each.path), each.change, f"+{each.added}", f"{MINUS}{each.deleted}"],
            source,
        )
        for each in made.files[:FILES_MAX]
    )
    more = len(made.files) - len(rows) + made.files_left_out
    note = of.say(f"{counted(more, 'more file')} in the patch.", source) if more > 0 else None
    yield from parts.section(
        "files",
        "Files",
        Table(("File", "Change", "Added", "Deleted"), rows),
        parts.paragraph(note),
    )
