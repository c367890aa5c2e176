"""Secrets by name. A value is looked up when it is needed and stays nowhere."""

from typing import Protocol


class Secrets(Protocol):
    """Knows secrets by their names."""

    def value(self, name: str) -> str:
        """Return the secret called `name`.

        Whoever hands the value on has made sure that it is scrubbed from all that is stored.

        Raises:
            NotFound: `secret.unknown`, saying where it was looked for and how to put it there.
        """
        ...

    def known(self) -> list[str]:
        """Return the values of all secrets that can be listed, to be scrubbed before their use.

        A place that can't be read now has none; it is told of when a secret is looked up there.
        """
        ...
