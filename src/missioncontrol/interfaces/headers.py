"""The headers that every answer carries, so that a browser does no more with it than we mean."""

from collections.abc import Iterable

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style; nothing from other origins; no page may frame ours."""

UNUSED = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "display-capture")

ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    # `no-referrer` would make forms of our own pages come from the origin `null`.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in UNUSED).encode()),
    (b"cache-control", b"private, no-cache"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")

Headers = list[tuple[bytes, bytes]]


def with_security(headers: Iterable[tuple[bytes, bytes]], *, is_secure: bool) -> Headers:
    """Return these headers with ours; what a handler says about itself stands.

    Untrusted content comes with a policy of its own, which allows it nothing at all and may
    allow one of our pages to frame it.
    """
    found = [(name.lower(), value) for name, value in headers]
    named = {name for name, _ in found}
    found += [each for each in ALWAYS if each[0] not in named]
    if b"content-security-policy" not in named:
        found += [(b"content-security-policy", POLICY.encode()), (b"x-frame-options", b"DENY")]
    if is_secure:
        found.append(HSTS)
    return found
