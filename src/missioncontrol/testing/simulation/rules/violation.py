"""What is raised where a log says something that must never be true."""


class Violation(AssertionError):
    """A rule is broken."""


def hold(truth: object, rule: str) -> None:
    """Raise `Violation` with `rule` unless `truth`."""
    if not truth:
        raise Violation(rule)
