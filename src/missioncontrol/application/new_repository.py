"""The directory in which the repository of a new product is created."""

from pathlib import Path

from missioncontrol.domain.errors import Rejected


def new_directory(path: Path) -> str:
    """Return the whole path of a directory in which a repository can be created.

    It does not exist yet, is empty, or is under git: whether it began with the same skeleton is
    known once that is planned.

    Raises:
        Rejected: `repository.not_empty`, `repository.in_data_directory` or `repository.unreadable`.
    """
    try:
        whole = path.resolve()
        found = sorted(each.name for each in whole.iterdir()) if whole.exists() else []
    except NotADirectoryError:
        raise _taken(path, "is a file") from None
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", "") or "it leads to itself"
        raise Rejected(
            "repository.unreadable",
            f"The repository can't be created in {str(path)!r}: {why}.",
            hint="Name another directory.",
        ) from None
    if home := next(filter(_is_data_directory, (whole, *whole.parents)), None):
        raise Rejected(
            "repository.in_data_directory",
            f"{str(path)!r} is inside {str(home)!r}, where Mission Control keeps its data.",
            hint="Name a directory outside of it.",
        )
    if found and ".git" not in found:
        raise _taken(path, f"is not empty: it has {found[0]!r}")
    return str(whole)


def _is_data_directory(path: Path) -> bool:
    return all((path / name).exists() for name in ("log.db", "engine.lock"))


def _taken(path: Path, why: str) -> Rejected:
    return Rejected(
        "repository.not_empty",
        f"{str(path)!r} {why}, so no repository can be created there.",
        hint="Name a directory that does not exist yet.",
    )
