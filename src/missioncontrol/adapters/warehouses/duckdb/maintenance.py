"""Changes to stored data: removal of people, retention, policies, cohorts, and notes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from missioncontrol.adapters.queries import queries
from missioncontrol.adapters.warehouses.duckdb import profiles
from missioncontrol.adapters.warehouses.duckdb.database_file import WHOLE, registered, table
from missioncontrol.adapters.warehouses.duckdb.ingestion import Ingestion
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
"""The tables with rows of a product, besides events and policies."""

NOTHING = Forgotten(0, ())
GROUP_ROWS = 10_000
DERIVED = ("drop_unseen_groups", "drop_notes")
"""Deletes data derived from all events of a product, after some of them were removed."""


def intend(ingestion: Ingestion, product: str, removal: str, person: str) -> None:
    """Store a digest of the person whom a removal means."""
    values = {"product": product, "removal": removal}
    with ingestion.commit():
        ingestion.connection.execute(SQL["drop_removal"], values)
        key = ingestion.key(product, person)
        ingestion.connection.execute(SQL["keep_removal"], {**values, "key": key})


def settled(ingestion: Ingestion, product: str, removal: str) -> None:
    """Delete the stored digest of a removal."""
    with ingestion.commit():
        values = {"product": product, "removal": removal}
        ingestion.connection.execute(SQL["drop_removal"], values)


def resume(ingestion: Ingestion, product: str, removal: str) -> Forgotten | None:
    """Complete a removal; None where it is unknown."""
    run = ingestion.connection.execute
    rows = run(SQL["removal"], {"product": product, "removal": removal}).fetchall()
    if not rows:
        return None
    key, is_done, events, ids = rows[0]
    if is_done:
        return Forgotten(events, (), ids)
    known = run(SQL["id_of_key"], {"product": product, "key": key}).fetchall()
    return forget(ingestion, product, known[0][0], removal) if known else NOTHING


def forget(ingestion: Ingestion, product: str, person: str, removal: str = "") -> Forgotten:
    """Remove a person by any of their ids; refuse events with these ids from now on."""
    run = ingestion.connection.execute
    about = {"product": product, "removal": removal}
    if done := [row for row in run(SQL["removal"], about).fetchall() if row[1]]:
        return Forgotten(done[0][2], (), done[0][3])  # Another process finished it.
    who = {"key": ingestion.key(product, person), "id": person, "product": product}
    found = run(SQL["person_of_key"], who).fetchall()
    if not found and who["key"] in ingestion.forgotten_ids:
        return NOTHING  # A repeated request, whose first answer may have been lost.
    if not found:
        raise NotFound(
            "analytics.unknown_person",
            f"No person has the id {person[:200]!r} in {product}.",
            hint="Give an id exactly as it was sent.",
        )
    values = {"person": found[0][0]}
    ids = tuple(id_ for (id_,) in run(SQL["ids_of"], values).fetchall())
    groups = [group for (group,) in run(SQL["groups_told"], values).fetchall()]
    with ingestion.change():
        for name in ("keep_event_keys", "keep_id_keys"):
            run(SQL[name], values)
        [(count,)] = run(SQL["drop_events"], values).fetchall()
        for name in ("blank_ids", "blank_aliases"):
            run(SQL[name], {**values, "product": product})
        for name in ("drop_ids", "drop_person", "drop_memberships"):
            run(SQL[name], values)
        for name in DERIVED:
            run(SQL[name], {"product": product})
        _rebuild_groups(ingestion, product, groups)
        ingestion.usage.count(product)
        run(SQL["owe_wiping"])
        run(SQL["removal_done"], {**about, "events": count, "ids": len(ids)})
    ingestion.reset()
    return Forgotten(count, ids, len(ids))


def _rebuild_groups(ingestion: Ingestion, product: str, groups: list[str]) -> None:
    """Rebuild the properties of groups from the events of the remaining people."""
    if not groups:
        return
    values = {"product": product, "groups": groups}
    found = ingestion.connection.execute(SQL["told_of_groups"], values)
    known: dict[tuple[str, str], dict[str, Any]] = {}
    while rows := found.fetchmany(GROUP_ROWS):
        for group, always, once in rows:
            profiles.update(known.setdefault((product, group), {}), always, once)
    if known:
        ingestion.keep_groups(known)


def settle(ingestion: Ingestion, product: str, policy: Policy) -> None:
    """Apply a counting policy, also to stored events."""
    with ingestion.change():
        ingestion.policies.settle(product, policy)


def save_cohort(ingestion: Ingestion, product: str, cohort: str, people: Iterable[int]) -> int:
    """Set the members of a cohort; equal members do not change the position."""
    run = ingestion.connection.execute
    values = {"product": product, "cohort": cohort}
    found = table({"person": (WHOLE, list(dict.fromkeys(people)))})
    with registered(ingestion.connection, "found", found):
        [(is_same,)] = run(SQL["cohort_is_same"], values).fetchall()
        if not is_same:
            with ingestion.change():
                run(SQL["drop_cohort"], values)
                run(SQL["keep_members"], values)
    [(count,)] = run(SQL["members"], values).fetchall()
    return int(count)


def drop_cohort(ingestion: Ingestion, product: str, cohort: str) -> None:
    """Remove all members of a cohort."""
    with ingestion.change():
        ingestion.connection.execute(SQL["drop_cohort"], {"product": product, "cohort": cohort})


def keep_note(ingestion: Ingestion, product: str, name: str, text: str) -> None:
    """Store a text derived from events under a name."""
    values = {"product": product, "name": name}
    with ingestion.commit():
        ingestion.connection.execute(SQL["drop_note"], values)
        ingestion.connection.execute(SQL["keep_note"], {**values, "text": text})


def tidy(ingestion: Ingestion, now: datetime) -> int:
    """Remove events past their retention; return how many."""
    moment = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
    gone = 0
    for product, policy in ingestion.policies.products().items():
        if policy.days is not None:
            gone += _expire(ingestion, product, moment - timedelta(days=policy.days))
    return gone


def clear(ingestion: Ingestion, product: str) -> int:
    """Remove all data of a product; return how many events."""
    run = ingestion.connection.execute
    values = {"product": product}
    with ingestion.change():
        [(count,)] = run(SQL["clear"], values).fetchall()
        for name in TABLES:
            run(SQL["clear"].replace("events", name), values)
        ingestion.usage.count(product)
        run(SQL["owe_wiping"])
    ingestion.reset()
    ingestion.forget_keys()
    run("CHECKPOINT")
    return int(count)


def _expire(ingestion: Ingestion, product: str, before: datetime) -> int:
    run = ingestion.connection.execute
    values: dict[str, Any] = {"product": product}
    [(oldest,)] = run(SQL["oldest"], {**values, "before": before}).fetchall()
    if oldest is None:
        return 0  # Without a change the position stays, and cached answers stay valid.
    with ingestion.change():
        [(count,)] = run(SQL["expire"], {**values, "before": before}).fetchall()
        for name in ("drop_unseen", "drop_unseen_ids", "drop_unseen_members", *DERIVED):
            run(SQL[name], values)
        if oldest.date() < before.date():
            # Some event expires every hour, so the file is compacted once a day.
            run(SQL["owe_wiping"])
        ingestion.policies.count_people(product)
        ingestion.usage.count(product)
    ingestion.reset()
    return int(count)
