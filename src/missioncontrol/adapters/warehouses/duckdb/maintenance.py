"""Changes of what is kept: who is forgotten, what is too old, what counts, who is in a cohort."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from missioncontrol.adapters.queries import queries
from missioncontrol.adapters.warehouses.duckdb import profiles
from missioncontrol.adapters.warehouses.duckdb.ingestion import Ingestion
from missioncontrol.adapters.warehouses.duckdb.tables import WHOLE, registered, table
from missioncontrol.domain.errors import NotFound
from missioncontrol.ports.warehouse import Forgotten, Policy

SQL = queries("missioncontrol.adapters.warehouses.duckdb", "maintenance.sql")
TABLES = (
    "people_known",
    "identities",
    "groups_known",
    "cohort_members",
    "notes",
    "forgotten_events",
    "forgotten_ids",
)
"""All that a product has beside its events and its policy."""

NOBODY = Forgotten(0, ())
ROWS_AT_ONCE = 10_000
OF_ALL = ("drop_unseen_groups", "drop_notes")
"""What follows from all events of a product, and goes or is looked through when some of them go."""


def intend(storing: Ingestion, product: str, removal: str, person: str) -> None:
    """Keep in mind whom a removal means; see `Warehouse.intend`."""
    this = {"product": product, "removal": removal}
    with storing.commit():
        storing.connection.execute(SQL["drop_removal"], this)
        key = storing.key(product, person)
        storing.connection.execute(SQL["keep_removal"], {**this, "key": key})


def settled(storing: Ingestion, product: str, removal: str) -> None:
    """Keep a removal in mind no longer; see `Warehouse.settled`."""
    with storing.commit():
        this = {"product": product, "removal": removal}
        storing.connection.execute(SQL["drop_removal"], this)


def resume(storing: Ingestion, product: str, removal: str) -> Forgotten | None:
    """Do what a removal is to do, unless it is done; see `Warehouse.resume`."""
    run = storing.connection.execute
    rows = run(SQL["removal"], {"product": product, "removal": removal}).fetchall()
    if not rows:
        return None
    key, is_done, events, ids = rows[0]
    if is_done:
        return Forgotten(events, (), ids)
    known = run(SQL["id_of_key"], {"product": product, "key": key}).fetchall()
    return forget(storing, product, known[0][0], removal) if known else NOBODY


def forget(storing: Ingestion, product: str, person: str, removal: str = "") -> Forgotten:
    """Remove somebody by any id of theirs; see `Warehouse.forget`."""
    run = storing.connection.execute
    about = {"product": product, "removal": removal}
    if done := [row for row in run(SQL["removal"], about).fetchall() if row[1]]:
        return Forgotten(done[0][2], (), done[0][3])  # Somebody was faster, and finished it.
    who = {"key": storing.key(product, person), "id": person, "product": product}
    found = run(SQL["person_of_key"], who).fetchall()
    if not found and who["key"] in storing.forgotten_ids:
        return NOBODY  # Whoever asks again was not told, or has not heard it.
    if not found:
        raise NotFound(
            "analytics.unknown_person",
            f"Nobody is known as {person[:200]!r} in {product}.",
            hint="Give an id of theirs as it was sent.",
        )
    this = {"person": found[0][0]}
    ids = tuple(id_ for (id_,) in run(SQL["ids_of"], this).fetchall())
    groups = [group for (group,) in run(SQL["groups_told"], this).fetchall()]
    with storing.change():
        for name in ("keep_event_keys", "keep_id_keys"):
            run(SQL[name], this)
        [(count,)] = run(SQL["drop_events"], this).fetchall()
        for name in ("blank_ids", "blank_aliases"):
            run(SQL[name], {**this, "product": product})
        for name in ("drop_ids", "drop_person", "drop_memberships"):
            run(SQL[name], this)
        for name in OF_ALL:
            run(SQL[name], {"product": product})
        _tell_groups_anew(storing, product, groups)
        storing.usage.count(product)
        run(SQL["owe_wiping"])
        run(SQL["removal_done"], {**about, "events": count, "ids": len(ids)})
    storing.reset()
    return Forgotten(count, ids, len(ids))


def _tell_groups_anew(storing: Ingestion, product: str, groups: list[str]) -> None:
    """Let that be known of groups which those who are left have told."""
    if not groups:
        return
    this = {"product": product, "groups": groups}
    found = storing.connection.execute(SQL["told_of_groups"], this)
    known: dict[tuple[str, str], dict[str, Any]] = {}
    while rows := found.fetchmany(ROWS_AT_ONCE):
        for group, always, once in rows:
            profiles.tell(known.setdefault((product, group), {}), always, once)
    if known:
        storing.keep_groups(known)


def settle(storing: Ingestion, product: str, policy: Policy) -> None:
    """Let a policy hold; see `Warehouse.settle`."""
    with storing.change():
        storing.policies.settle(product, policy)


def save_cohort(storing: Ingestion, product: str, cohort: str, people: Iterable[int]) -> int:
    """Let a cohort be these people; where it is already, nothing changes."""
    run = storing.connection.execute
    this = {"product": product, "cohort": cohort}
    found = table({"person": (WHOLE, list(dict.fromkeys(people)))})
    with registered(storing.connection, "found", found):
        [(is_same,)] = run(SQL["cohort_is_same"], this).fetchall()
        if not is_same:
            with storing.change():
                run(SQL["drop_cohort"], this)
                run(SQL["keep_members"], this)
    [(count,)] = run(SQL["members"], this).fetchall()
    return int(count)


def drop_cohort(storing: Ingestion, product: str, cohort: str) -> None:
    """Let a cohort be nobody; see `Warehouse.drop_cohort`."""
    with storing.change():
        storing.connection.execute(SQL["drop_cohort"], {"product": product, "cohort": cohort})


def keep_note(storing: Ingestion, product: str, name: str, text: str) -> None:
    """Keep a text beside the events; see `Warehouse.keep_note`."""
    this = {"product": product, "name": name}
    with storing.commit():
        storing.connection.execute(SQL["drop_note"], this)
        storing.connection.execute(SQL["keep_note"], {**this, "text": text})


def tidy(storing: Ingestion, now: datetime) -> int:
    """Remove what is too old; see `Warehouse.tidy`."""
    moment = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
    gone = 0
    for product, policy in storing.policies.products().items():
        if policy.days is not None:
            gone += _expire(storing, product, moment - timedelta(days=policy.days))
    return gone


def clear(storing: Ingestion, product: str) -> int:
    """Remove all of a product; see `Warehouse.clear`."""
    run = storing.connection.execute
    this = {"product": product}
    with storing.change():
        [(count,)] = run(SQL["clear"], this).fetchall()
        for name in TABLES:
            run(SQL["clear"].replace("events", name), this)
        storing.usage.count(product)
        run(SQL["owe_wiping"])
    storing.reset()
    storing.forget_keys()
    run("CHECKPOINT")
    return int(count)


def _expire(storing: Ingestion, product: str, before: datetime) -> int:
    run = storing.connection.execute
    this: dict[str, Any] = {"product": product}
    [(oldest,)] = run(SQL["oldest"], {**this, "before": before}).fetchall()
    if oldest is None:
        return 0  # Nothing changes, so what was answered before still holds.
    with storing.change():
        [(count,)] = run(SQL["expire"], {**this, "before": before}).fetchall()
        for name in ("drop_unseen", "drop_unseen_ids", "drop_unseen_members", *OF_ALL):
            run(SQL[name], this)
        if oldest.date() < before.date():
            # Each hour something is too old: the file is written anew where a whole day is.
            run(SQL["owe_wiping"])
        storing.policies.count_people(product)
        storing.usage.count(product)
    storing.reset()
    return int(count)
