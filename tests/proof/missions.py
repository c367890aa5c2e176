"""Ten goals for ten packages, each of another kind of work."""

import os
from typing import NamedTuple


class Asked(NamedTuple):
    """A goal for one package."""

    package: str
    goal: str
    constraints: tuple[str, ...] = ()


TEN = (
    Asked(
        "blinker",
        "Give `Signal.connect` a `once` option: the receiver is disconnected after its first "
        "call. It must work for weak and strong references. Say in the README how to use it.",
        ("Signals without the option are not slower",),
    ),
    Asked(
        "bottle",
        "`static_file` answers a Range header that asks for several ranges with the first one "
        "only; it should answer with the whole file and status 200.",
    ),
    Asked(
        "cachetools",
        "Speed up `TTLCache.expire` when most items are still alive.",
        ("Results stay the same",),
    ),
    Asked(
        "h11",
        "Harden the reader of requests against header blocks that arrive one byte at a time: "
        "at most 100 header fields, at most 64 KiB in total.",
        ("No new dependency",),
    ),
    Asked(
        "humanize",
        "Add `naturalweight`, which formats grams as mg, g, kg or t. Document it in the README.",
        ("Output follows the active locale",),
    ),
    Asked(
        "itsdangerous",
        "Migrate the default digest of `Signer` from SHA-1 to SHA-256; values signed before must "
        "still be accepted.",
    ),
    Asked(
        "schedule",
        "Keep jobs in a SQLite file so that they survive a restart of the process.",
        ("Jobs in memory stay the default",),
    ),
    Asked(
        "tenacity",
        "Test `wait_exponential_jitter` where `max` is smaller than `initial`, and where `jitter` "
        "is 0.",
    ),
    Asked(
        "tinydb",
        "Document how to write a storage of one's own, with an example that is run by the tests.",
    ),
    Asked(
        "toolz",
        "Remove the deprecated module `toolz.compatibility`.",
        ("Everything else keeps importing",),
    ),
)

MORE = (
    Asked("flask", "Add a Redis session backend", ("No new required dependencies",)),
    Asked(
        "starlette",
        "Middleware that limits the size of request bodies, at most 1 MiB by default. Answer with "
        "413 where a body is larger.",
    ),
    Asked("datasette", "Export a table as Parquet from its page and from the command line."),
    Asked(
        "procrastinate",
        "Fix the worker: a job that is cancelled while it waits for a lock is executed anyway. "
        "It should be skipped and say so in the log.",
    ),
)
"""Larger ones, which `make proof` adds."""

ASKED = (*TEN, *MORE) if os.environ.get("MISSION_PROOF") == "all" else TEN
