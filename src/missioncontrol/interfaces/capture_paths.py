"""The addresses at which events come in, by the names that client libraries know."""

SEGMENT: dict[str, str] = {
    "/v1/batch": "batch",
    "/v1/b": "batch",
    **{f"/v1/{kind}": kind for kind in ("track", "identify", "page", "screen", "group", "alias")},
    **{
        f"/v1/{kind[0]}": kind for kind in ("track", "identify", "page", "screen", "group", "alias")
    },
}
"""The paths that accept events; browsers use the short names."""

POSTHOG = ("/capture", "/e", "/i/v0/e", "/batch", "/track", "/i/v0/ai/batch")
POSTHOG_RESULTS = "/i/v1/analytics/events"
"""Where PostHog's libraries receive the outcome of each event by its id."""

POSTHOG_FLAGS = ("/flags", "/decide")
POSTHOG_CONFIG = "/array/"
"""How the addresses begin at which PostHog's library for browsers asks how to behave."""

SEGMENT_SETTINGS = "/v1/projects/"
"""How the addresses begin at which Segment's library for browsers asks where to send events."""

_ALL = frozenset((*SEGMENT, *POSTHOG, POSTHOG_RESULTS, *POSTHOG_FLAGS))


def is_capture(path: str) -> bool:
    """Whether requests to this address carry a write key, and may come from any page."""
    return path.rstrip("/") in _ALL or path.startswith((POSTHOG_CONFIG, SEGMENT_SETTINGS))
