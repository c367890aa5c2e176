"""What must be true of any log, by rules of its own: nothing here knows the code that decides."""


class Violation(AssertionError):
    """A rule is broken."""


def hold(truth: object, rule: str) -> None:
    """Raise `Violation` with `rule` unless `truth`."""
    if not truth:
        raise Violation(rule)
