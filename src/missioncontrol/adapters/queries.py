"""SQL in `.sql` files: each statement has a name and a sentence that says what it is for."""

from functools import cache
from importlib.resources import files


@cache
def queries(package: str, file: str) -> dict[str, str]:
    """Return the statements of `file` by name.

    A statement begins with a line `-- name: NAME`; the comment lines after it are for readers.
    """
    found: dict[str, str] = {}
    text = files(package).joinpath(file).read_text("utf-8")
    for part in text.split("-- name: ")[1:]:
        name, _, statement = part.partition("\n")
        found[name.strip()] = statement.strip()
    return found
