"""Mission Control: a goal and a repository in; a planned, executed, verifiable mission out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from missioncontrol.embedded import Engine, Retry, RunResult, StepContext, Workflow

__version__ = "0.1.0"
__all__ = ["Engine", "Retry", "RunResult", "StepContext", "Workflow", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: `mission --help` must be quick."""
    if name in __all__:
        from missioncontrol import embedded

        return getattr(embedded, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
