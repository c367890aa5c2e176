"""Finds the directory that a person means by a repository."""

import errno
import re
from pathlib import Path

from missioncontrol.domain.errors import Rejected

_URL = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:)", re.IGNORECASE)


def locate(text: str) -> Path:
    """Return the absolute path of the directory `text`.

    Raises:
        Rejected: `repository.not_here`, `repository.not_a_directory` or `repository.unreadable`.
    """
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if _URL.match(text):
        raise Rejected(
            "repository.not_here",
            f"The repository {text!r} is not on this machine.",
            hint=f"Clone it (`git clone {text}`) and give the path with --repo.",
        )
    path = Path(text).expanduser()
    try:
        path = path.resolve(strict=True)
        if path.is_dir():
            next(path.iterdir(), None)
            return path
    except RuntimeError:  # What `resolve` raises on 3.11 and 3.12.
        raise _loops(text) from None
    except (FileNotFoundError, ValueError):
        raise Rejected(
            "repository.not_here",
            f"The repository {text!r} does not exist.",
            hint="Give the path of a checkout with --repo.",
        ) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _loops(text) from None
        raise Rejected(
            "repository.unreadable",
            f"The repository {text!r} can't be read: {error.strerror}.",
            hint="Mend its permissions, or give another path with --repo.",
        ) from None
    raise Rejected(
        "repository.not_a_directory",
        f"The repository {text!r} is a file.",
        hint="Give the directory that holds the checkout.",
    )


def _loops(text: str) -> Rejected:
    return Rejected(
        "repository.not_here",
        f"The repository {text!r} is a link that leads back to itself.",
        hint="Give the path of a checkout with --repo.",
    )
