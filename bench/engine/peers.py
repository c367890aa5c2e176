"""The peers that may be installed, and how each carries out the shapes."""

from importlib.metadata import PackageNotFoundError, version

PACKAGES = {"dbos": ("dbos",), "langgraph": ("langgraph", "langgraph-checkpoint-sqlite")}

HOW = {
    "dbos": {
        "chain": "SQLite default; a workflow calls 200 @DBOS.step functions in a row",
        "fan": "SQLite default; asyncio.gather of 200 async @DBOS.step functions, then one more",
        "many": "SQLite default; 50 threads call a workflow of 5 @DBOS.step functions 200 times",
        "long": "SQLite default; asyncio.gather of 10,000 async @DBOS.step functions",
    },
    "langgraph": {
        "chain": 'SqliteSaver, durability="sync"; 200 nodes in a row',
        "fan": 'SqliteSaver, durability="sync"; 200 nodes side by side, then one after all',
        "many": 'SqliteSaver, durability="sync"; 50 threads invoke a graph of 5 nodes 200 times',
    },
}
"""The quickest way of those that each documents, as tried here; see docs/benchmarks.md."""


def installed() -> list[str]:
    """Name the peers that are installed here."""
    return [name for name in PACKAGES if versions_of(name)]


def versions_of(peer: str) -> str:
    """Return a peer's packages with their versions; an empty string where one is missing."""
    try:
        return ", ".join(f"{package} {version(package)}" for package in PACKAGES[peer])
    except PackageNotFoundError:
        return ""
