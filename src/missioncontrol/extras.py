"""The extras of the package: one refusal for all that needs a library which is not installed."""

from collections.abc import Callable
from importlib.util import find_spec

from missioncontrol.domain.errors import Unavailable

CODE = "extra.not_installed"


def require_extra(
    extra: str,
    purpose: str,
    *libraries: str,
    code: str = CODE,
    otherwise: str = "",
    refuse: Callable[..., Exception] = Unavailable,
) -> None:
    """Refuse `purpose` where one of the libraries that `extra` installs is missing.

    Call it right before the import, so that nothing else of the program waits for the library.

    Args:
        extra: the name under `project.optional-dependencies`, such as `pdf`.
        purpose: what needs the libraries, as the subject of a sentence.
        libraries: the modules, by the names under which they are imported.
        code: the code of the refusal, where an earlier release gave it one of its own.
        otherwise: what people can do instead, as the end of a sentence: "or …".
        refuse: what makes the exception, with the arguments of `MissionControlError`.

    Raises:
        Unavailable: `extra.not_installed`, or what `refuse` makes.
    """
    missing = [name for name in libraries if not _is_installed(name)]
    if not missing:
        return
    command = f'Run: pip install "missioncontrol[{extra}]"'
    raise refuse(
        code,
        f"{purpose} needs the extra {extra!r}; not installed: {', '.join(missing)}.",
        hint=f"{command}, {otherwise}." if otherwise else command,
    )


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:
        return False  # A package above it is missing.
