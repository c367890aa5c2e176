"""Directories, variables and secrets for each declared agent."""

from collections.abc import Callable, Mapping
from pathlib import Path

from missioncontrol.adapters.secret_stores import secret_store
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.secrets import HARMLESS, HOME, LENGTH_MIN, Scrubber
from missioncontrol.ports.agent_kind import Workshop
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.ports.gateway import Gateway
from missioncontrol.ports.secrets import Secrets
from missioncontrol.ports.telemetry import Telemetry


def workshops_of(
    root: Path,
    artifacts: ArtifactStore,
    environment: Mapping[str, str],
    scrubber: Scrubber,
    sandbox: Sandbox,
) -> "Workshops":
    """Return the workshops of the data directory at `root`, with MISSION_HOME set to it."""
    secrets = secret_store(environment, root / "secrets.toml")
    seen = {**environment, HOME: str(root.absolute())}
    harmless = (*HARMLESS, HOME)
    return Workshops(root, artifacts, seen, secrets, scrubber, sandbox, harmless=harmless)


class Workshops:
    """Makes the workshops of one data directory."""

    def __init__(
        self,
        root: Path,
        artifacts: ArtifactStore,
        environment: Mapping[str, str],
        secrets: Secrets,
        scrubber: Scrubber,
        sandbox: Sandbox,
        *,
        harmless: tuple[str, ...],
    ) -> None:
        """`harmless` names the variables that every agent may see.

        All secrets that can be listed are scrubbed from now on: one may appear in a text before an
        agent needs it. `gateway` and `telemetry` are set when they open.
        """
        self.gateway: Gateway | None = None
        self.telemetry: Telemetry | None = None
        self._root = root
        self._artifacts = artifacts
        self._environment = environment
        self._secrets = secrets
        self._scrubber = scrubber
        self._sandbox = sandbox
        self._harmless = harmless
        scrubber.add(value for value in secrets.known() if len(value) >= LENGTH_MIN)

    def __call__(self, declared: Declaration) -> Workshop:
        """Return the workshop of an agent."""
        return Workshop(
            scratch=self._root / "scratch",
            worktrees=self._root / "worktrees",
            state=self._root / "agents" / declared.name,
            artifacts=self._artifacts,
            environment=self._seen_by(declared),
            scrub=self._scrubber.text,
            sandbox=self._sandbox,
            gateway=self.gateway,
            telemetry=self.telemetry,
        )

    def secret(self, name: str) -> str:
        """Return a secret by its name, and scrub it from everything that is stored from now on.

        Raises:
            NotFound: `secret.unknown`.
            Rejected: `secret.too_short`.
        """
        value = self._secrets.value(name)
        if len(value) < LENGTH_MIN:
            # Scrubbing so short a text would remove parts of ordinary words as well.
            raise Rejected(
                "secret.too_short",
                f"The secret {name!r} has fewer than {LENGTH_MIN} characters and cannot be "
                "distinguished from other text.",
                hint="Use a longer one.",
            )
        self._scrubber.add([value])  # Before the first program can print it.
        return value

    def _seen_by(self, declared: Declaration) -> Callable[[], Mapping[str, str]]:
        def seen() -> Mapping[str, str]:
            names = (*self._harmless, *declared.environment)
            found = {name: self._environment[name] for name in names if name in self._environment}
            return {**found, **self._secrets_of(declared)}

        return seen

    def _secrets_of(self, declared: Declaration) -> dict[str, str]:
        return {variable: self.secret(name) for variable, name in declared.secrets.items()}
