"""Documents that people agreed to, held against the files that stand in a checkout."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from missioncontrol.specialists.specialist import Agreed

BYTES_MAX = 2_000_000


def agreed_text(repository: Path, what: Agreed) -> str | None:
    """Return the text of a document; None where what stands there is not what was agreed to."""
    path = repository / what.path
    try:
        is_inside = path.resolve().is_relative_to(repository.resolve())
        is_small = path.is_file() and path.stat().st_size <= BYTES_MAX
        content = path.read_bytes() if is_inside and is_small else None
    except (OSError, ValueError):  # A name that no file can have.
        content = None
    if content is None or hashlib.sha256(content).hexdigest() != what.digest:
        return None
    return content.decode("utf-8", "replace")


def departed(repository: Path, documents: Iterable[Agreed]) -> tuple[str, ...]:
    """Return the paths of those that were edited, moved or removed since."""
    return tuple(each.path for each in documents if agreed_text(repository, each) is None)
