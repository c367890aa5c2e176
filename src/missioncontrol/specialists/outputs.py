"""Tells files that were compiled from TypeScript in the same repository, by where they lie."""

from collections.abc import Iterable, Iterator

SOURCES = (".ts", ".tsx", ".mts", ".cts")
DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")
OUTPUTS = (*DECLARATIONS, ".js", ".mjs", ".cjs", ".jsx")
PLACES = ("build", "cjs", "dist", "es", "esm", "lib", "out", "types")
"""Directories that compilers usually write into."""


def compiled(paths: Iterable[str]) -> frozenset[str]:
    """Return those of `paths` whose source, as `src/name.ts`, is among them too.

    Packages are published with both; a developer who changes the code changes the source alone.
    """
    known = list(paths)
    made = {place for path in known for place in _made_from(path)}
    return frozenset(path for path in known if _stem(path, OUTPUTS) in made and not _in_src(path))


def _made_from(path: str) -> Iterator[str]:
    """Yield where the outputs of a source below `src` go, without their endings."""
    stem = "" if path.endswith(DECLARATIONS) else _stem(path, SOURCES)
    before, found, after = f"/{stem}".partition("/src/")
    if stem and found:
        yield f"{before}/{after}"[1:]
        for place in PLACES:
            yield f"{before}/{place}/{after}"[1:]


def _stem(path: str, endings: tuple[str, ...]) -> str:
    """Return `path` without its ending; "" where it has none of `endings`."""
    ending = next((each for each in endings if path.endswith(each)), "")
    return path.removesuffix(ending) if ending else ""


def _in_src(path: str) -> bool:
    return "/src/" in f"/{path}"
