"""Secrets by name. A value is looked up when it is needed and stays nowhere."""

from typing import Protocol


class Secrets(Protocol):
    """Knows secrets by their names."""

    def value(self, name: str) -> str:
        """Return the secret called `name`.

        A caller that passes the value on ensures that stored text never contains it.

        Raises:
            NotFound: `secret.unknown`, saying where it was looked for and how to put it there.
        """
        ...

    def known(self) -> list[str]:
        """Return the values of all secrets that can be listed, to be scrubbed before their use.

        A place that can't be read now has none; looking up a secret there reports the fault.
        """
        ...
