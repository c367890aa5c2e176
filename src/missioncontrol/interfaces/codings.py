"""Which codings of an answer's body a client takes."""


def takes(accepted: str, wanted: str) -> bool:
    """Whether a client that sends this `Accept-Encoding` takes a coding: it or `*`, not at 0."""
    weights = {}
    for each in accepted.lower().split(","):
        coding, _, parameters = each.partition(";")
        weights[coding.strip()] = _weight(parameters)
    return weights.get(wanted, weights.get("*", 0.0)) > 0


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
