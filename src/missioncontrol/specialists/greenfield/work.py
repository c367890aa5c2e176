"""The tasks of a new product, in an order in which each can be shown, and its milestones."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.domain.product_design import Entity, Field
from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.catalogue import Kind, TaskEntry
from missioncontrol.specialists.greenfield.clause_checks import EXAMPLE
from missioncontrol.specialists.greenfield.composition import Composition
from missioncontrol.specialists.greenfield.constraints import platforms
from missioncontrol.specialists.greenfield.lexicon import plural
from missioncontrol.specialists.greenfield.limits import check_of, kind_of_limit
from missioncontrol.specialists.greenfield.reading import Limit, Reading
from missioncontrol.specialists.greenfield.selection import Use, filled, with_article
from missioncontrol.specialists.greenfield.stack import Stack, path_of
from missioncontrol.specialists.greenfield.statement_tasks import follow_tasks, statement_tasks
from missioncontrol.specialists.greenfield.tables import snake

TASKS_MIN, TASKS_MAX = 8, 18
ACCEPTANCE_MAX = 5
ENOUGH = 4
"""Tasks of the goal's own statements from which a concept adds one task and not two."""


class Work(msgspec.Struct):
    """A task in the making."""

    key: str
    title: str
    detail: str
    acceptance: list[str]
    files: list[tuple[str, str]]  # path and purpose
    use: Use | None = None
    act: Act | None = None
    sentences: tuple[int, ...] = ()
    span: tuple[int, int] = (0, 0)  # of the statement in its sentence, for tasks that have one
    needs: list[str] = []
    tables: tuple[str, ...] = ()  # entities that it brings


def tasks_of(made: Composition, entities: Sequence[Entity]) -> list[Work]:
    """Return the tasks: a walking skeleton, what the goal states, what belongs to it, a release.

    What belongs to it comes from the behaviours of the goal's clauses and from concepts.
    """
    kind, package, uses, stack, reading = (
        made.kind, made.package, made.uses, made.stack, made.reading
    )  # fmt: skip
    thing, actor = reading.main_thing.name, reading.main_actor.name
    keys: set[str] = set()
    first, last = (
        _made(filled_entry(each, thing, actor), stack, package, keys) for each in kind.tasks[:2]
    )
    first.tables = (thing,)
    middle: list[Work] = []
    own: list[Work] = []
    for numbers, entry in statement_tasks(reading, entities, made.product, made.acts):
        number, statement = numbers[0], reading.statements[numbers[0]]
        task = _made(entry, stack, package, keys)
        task.sentences = tuple(sorted({reading.statements[n].sentence for n in numbers}))
        task.span = (statement.start, statement.end)
        acts = [each for each in made.acts if each.number == number]
        task.act = acts[0] if acts else None
        task.tables = tuple(dict.fromkeys(each.record for each in acts if each.record))
        own.append(task)
    room = TASKS_MAX - 2 - len(own)
    says_much = len(own) >= ENOUGH
    for use in uses:
        chosen = use.concept.tasks[:1] if says_much else use.concept.tasks
        for entry in chosen[: max(1, room - len(middle))]:
            task = _made(filled_entry(entry, use.thing, use.actor), stack, package, keys)
            task.use, task.sentences = use, use.sentences
            task.tables = tuple(use.fill(e.name).lower() for e in use.concept.entities)
            middle.append(task)
    middle = sorted([*middle[:room], *own], key=lambda task: task.sentences[0])
    middle = _in_order_of_kind(_with_following(middle, made, keys), kind)
    middle += _for_own_tables(entities, middle, stack, package, keys, reading)
    lacking = max(0, TASKS_MIN - 2 - len(middle))
    middle += [_made(e, stack, package, keys) for e in _groundwork(entities, thing)[:lacking]]
    tasks = [first, *middle, last]
    _with_limits(tasks, reading)
    _with_needs(tasks, entities)
    return tasks


def _with_following(tasks: Sequence[Work], made: Composition, keys: set[str]) -> list[Work]:
    """Return the tasks, each followed by those that belong to its behaviours."""
    found = list(tasks)
    titles = [each.title for each in tasks]
    for act, entry in follow_tasks(made.acts, titles):
        if len(found) >= FOLLOWED_MAX:
            break
        task = _made(entry, made.stack, made.package, keys)
        task.act, task.tables = act, (act.record,) if act.record else ()
        last = len(found) - 1
        place = next((n for n, e in enumerate(found) if e.act and e.act.number == act.number), last)
        task.sentences = found[place].sentences if found else (0,)
        found.insert(place + 1, task)
    return found


def _in_order_of_kind(tasks: Sequence[Work], kind: Kind) -> list[Work]:
    """Return the tasks by the core of the kind; each other one stays behind the one before it."""
    places = {key: place for place, key in enumerate(kind.core)}
    ranks: list[int] = []
    for task in tasks:
        key = task.act.behaviour.key if task.act else ""
        ranks.append(places.get(key, ranks[-1] if ranks else 0))
    order = sorted(range(len(tasks)), key=lambda number: ranks[number])
    return [tasks[number] for number in order]


FOLLOWED_MAX = 14
"""Tasks up to which work is added that the goal does not state."""


def _groundwork(entities: Sequence[Entity], thing: str) -> list[TaskEntry]:
    """Return tasks that any product with these tables needs."""
    tables = _listed([each.table for each in entities[:3]] or [plural(thing)])
    things, stem = plural(thing), snake(thing)
    return [
        TaskEntry(
            f"Create the tables {tables} by one command",
            f"The command makes all {len(entities)} tables, and later changes them step by step.",
            (
                f"On an empty database it makes {tables}; run again, it changes nothing.",
                f"Rows of {tables} are the same after the step from an earlier version.",
            ),
            (
                "schema/create: makes and changes tables",
                "schema/create_test: empty, earlier, equal",
            ),
        ),
        TaskEntry(
            f"Make sample data with {things} for all tests",
            f"One module makes {things} and what belongs to them, by a seed.",
            (
                f"One seed gives the same {things} on two machines.",
                f"Among the {things} each optional column is empty once and filled once.",
            ),
            (f"samples/{stem}: makes data by a seed", f"samples/{stem}_test: equal seeds"),
        ),
        TaskEntry(
            f"Name the reason of each refused {thing}",
            "A refusal has a code, the value that was wrong and what to do next.",
            (
                f"A {thing} with two faults gets both reasons in one answer.",
                f"No refusal of a {thing} leaves a half-written row.",
            ),
            (f"refusals/{stem}: codes and reasons", f"refusals/{stem}_test: two faults, no rest"),
        ),
        TaskEntry(
            f"Restore {tables} from a copy",
            "A copy that was never restored is none: the restore runs in the build.",
            (
                f"Restored into an empty place, {tables} have as many rows as before.",
                f"A cut-off copy of {tables} is refused before anything is replaced.",
            ),
            (
                "operations/restore: reads a copy",
                "operations/restore_test: whole and cut-off copies",
            ),
        ),
    ]


def filled_entry(entry: TaskEntry, thing: str, actor: str) -> TaskEntry:
    """Return a task of the catalogue with its slots filled."""

    def fill(text: str) -> str:
        done = filled(text, thing, actor)
        return done[:1].upper() + done[1:]

    files = tuple(
        f"{_stem(filled(path, thing, actor))}: {filled(why, thing, actor)}"
        for path, _, why in (each.partition(": ") for each in entry.files)
    )
    return TaskEntry(
        fill(entry.title), fill(entry.detail), tuple(fill(a) for a in entry.acceptance), files
    )


def _stem(text: str) -> str:
    """Return a path without letters that file names do not have."""
    return re.sub(r"[^a-z0-9_/]+", "_", text.lower())


def _made(entry: TaskEntry, stack: Stack, package: str, keys: set[str]) -> Work:
    files = []
    for each in entry.files:
        stem, _, purpose = each.partition(": ")
        files.append((path_of(stem, stack, package), purpose))
    return Work(_key(entry.title, keys), entry.title, entry.detail, list(entry.acceptance), files)


def _key(title: str, keys: set[str]) -> str:
    small = {"a", "an", "the", "of", "to", "and", "for", "with", "from", "in", "on", "by", "it"}
    words = [word for word in re.findall(r"[a-z0-9]+", title.lower()) if word not in small]
    base = "-".join(words[:5])[:60].strip("-") or "task"
    key, number = base, 1
    while key in keys or key == "plan":
        number += 1
        key = f"{base}-{number}"
    keys.add(key)
    return key


def _for_own_tables(
    entities: Sequence[Entity],
    made: Sequence[Work],
    stack: Stack,
    package: str,
    keys: set[str],
    reading: Reading,
) -> list[Work]:
    """Return tasks for entities of the goal that no task brings, as far as there are too few."""
    own = [each for each in entities if each.source.basis == "goal" and not _is_account(each)]
    brought = {name for task in made for name in task.tables} | {reading.main_thing.name}
    found: list[Work] = []
    for entity in own:
        if entity.name in brought or len(made) + len(found) + 2 >= TASKS_MIN:
            continue
        found.append(_table_task(entity, stack, package, keys))
    return found


def _is_account(entity: Entity) -> bool:
    return any(each.name == "email" for each in entity.fields)


def _table_task(entity: Entity, stack: Stack, package: str, keys: set[str]) -> Work:
    """Return the task that stores an entity; what it checks follows from the fields."""
    fields = [each for each in entity.fields if each.name not in {"id", "created_at"}]
    plain = [each for each in fields if not each.name.endswith(("_at", "_on"))] or fields
    names = [each.name.removesuffix("_id") for each in plain[:3]]
    title = f"Store each {entity.name} with {_listed(names)}"
    stem, test = f"{entity.table}/store", f"{entity.table}/{snake(entity.name)}_test"
    files = [
        (path_of(stem, stack, package), f"reads and writes {entity.table}"),
        (path_of(test, stack, package), "refusals; a restart"),
    ]
    detail = f"The columns are {', '.join(each.name for each in fields)}. {entity.purpose}"
    work = Work(_key(title, keys), title, detail, _checks_of(entity, fields)[:3], files)
    work.tables = (entity.name,)
    return work


def _checks_of(entity: Entity, fields: Sequence[Field]) -> list[str]:
    """Return what to check of a table: what is required, what it leads to, how it changes."""
    one = with_article(entity.name)
    checks: list[str] = []
    required = [each for each in fields if not each.is_optional and each.type == "text"]
    if required:
        checks.append(f"{one.capitalize()} without {required[0].name} is refused by that name.")
    if leading := [each for each in fields if each.references]:
        target = with_article(leading[0].references)
        checks.append(f"The database refuses to remove {target} that {one} still leads to.")
    states = next((each.values for each in fields if len(each.values) > 1), ())
    if states:
        checks.append(f"{one.capitalize()} that is {states[1]} can't become {states[0]} again.")
    checks.append(f"After a restart, {one} that was entered before reads the same in each column.")
    return checks


def _listed(items: Sequence[str]) -> str:
    names = [each.replace("_", " ") for each in items]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- what the goal demands ---------------------------------------------------------------------


def _with_limits(tasks: Sequence[Work], reading: Reading) -> None:
    """Give each number of the goal to the task that states it; the rest to the release."""
    for limit in reading.limits:
        task = _stating(tasks, limit)
        if task is None and kind_of_limit(limit) in {"duration_below", "size"}:
            task = tasks[-1]
        before = reading.sentences[limit.sentence][: limit.start]
        check = check_of(limit, reading.text, is_case=_CASE.search(before) is not None)
        if task is None and _MEMORY.match(limit.unit):
            task, check = tasks[-1], f"The build measures the peak and fails above {limit.text}."
        if task is None or not check or len(task.acceptance) >= ACCEPTANCE_MAX:
            continue
        is_checked = any(_SAYS_IT.search(each) for each in task.acceptance)
        if check not in {c for each in tasks for c in each.acceptance} and not is_checked:
            task.acceptance = [a for a in task.acceptance if not a.startswith(EXAMPLE)] + [check]
    if where := platforms(reading.text):
        tasks[-1].acceptance.append(f"The whole suite of tests passes {where}.")


_MEMORY = re.compile(r"(?i)^[KMGT]i?B$")
_SAYS_IT = re.compile("one more is refused|again changes nothing")
_CASE = re.compile(r"(?i)\b(?:when|if|once|until|unless|whenever)\b[^,;]*$")


def _stating(tasks: Sequence[Work], limit: Limit) -> Work | None:
    """Return the task of the statement that a number stands in."""
    for task in tasks:
        first, last = task.span
        if limit.sentence in task.sentences and first <= limit.start < last:
            return task
    return None


# --- order -------------------------------------------------------------------------------------


def _with_needs(tasks: Sequence[Work], entities: Sequence[Entity]) -> None:
    """Let each task wait for the skeleton and the tables it leads to, and the last for all."""
    by_table: dict[str, str] = {}
    for task in tasks[1:-1]:
        for name in task.tables:
            by_table.setdefault(name, task.key)
    references = {each.name: each.references for each in entities}
    done: list[str] = []
    for task in tasks[1:-1]:
        needs = [tasks[0].key]
        needs += [
            by_table[other]
            for name in task.tables
            for other in references.get(name, ())
            if other in by_table and by_table[other] in done
        ]
        same = [k for name in task.tables if (k := by_table.get(name)) and k in done]
        task.needs = list(dict.fromkeys(each for each in [*needs, *same] if each != task.key))
        done.append(task.key)
    waited_for = {need for task in tasks for need in task.needs}
    tasks[-1].needs = [task.key for task in tasks[:-1] if task.key not in waited_for] or [
        tasks[0].key
    ]


def milestones_of(kind: Kind, tasks: Sequence[Work]) -> list[tuple[str, str, list[str]]]:
    """Return (title, what can be shown, keys of tasks), in order; each task is in one.

    The first and the last are those of the kind. Those between are the kind's own where it says
    which behaviours they have; else they are named by what they bring, and shown by the first check
    of each of their tasks.
    """
    middle = list(tasks[1:-1])
    if any(each.of for each in kind.milestones):
        return _of_kind(kind, tasks)
    between = max(1, len(kind.milestones) - 2)
    between = max(between, -(-len(middle) // MILESTONE_MAX))
    size = -(-len(middle) // between) or 1
    found = [(kind.milestones[0].title, kind.milestones[0].shows, [tasks[0].key])]
    for start in range(0, len(middle), size):
        part = middle[start : start + size]
        found.append((_brings(part), _shown_by(part), [task.key for task in part]))
    found.append((kind.milestones[-1].title, kind.milestones[-1].shows, [tasks[-1].key]))
    return found


MILESTONE_MAX = 4
"""Tasks of a milestone between the first and the last."""


def _of_kind(kind: Kind, tasks: Sequence[Work]) -> list[tuple[str, str, list[str]]]:
    """Return the kind's own milestones; a task that none names stays with the one before it."""
    first, *between, last = kind.milestones
    found: list[list[Work]] = [[] for _ in between]
    place = 0
    for task in tasks[1:-1]:
        key = task.act.behaviour.key if task.act else ""
        place = next((n for n, each in enumerate(between) if key in each.of), place)
        found[place].append(task)
    return [
        (first.title, first.shows, [tasks[0].key]),
        *(
            (each.title, each.shows, [task.key for task in part])
            for each, part in zip(between, found, strict=True)
            if part
        ),
        (last.title, last.shows, [tasks[-1].key]),
    ]


def _brings(part: Sequence[Work]) -> str:
    """Return what a milestone brings: its first task, or the concept that the task is of."""
    first = part[0]
    return first.use.fill(first.use.concept.title) if first.use else first.title


def _shown_by(part: Sequence[Work]) -> str:
    return " ".join(task.acceptance[0] for task in part[:2])
