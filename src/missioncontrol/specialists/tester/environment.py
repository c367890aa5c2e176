"""The environment of a test run: what tools and registries need, and nothing that is secret."""

import os
from collections.abc import Mapping
from pathlib import Path

REGISTRIES_SWITCH = "MISSION_ENVIRONMENTS"
"""`off` makes none."""
ENVIRONMENTS_DIRECTORY = "MISSION_ENVIRONMENTS_DIRECTORY"
"""Where they are stored; without it, none is made."""
REGISTRY_SETTINGS = (
    *("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"),
    *("PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT"),
    *("NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG", "npm_config_registry"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"),
)
"""Variables that tell pip and npm which registry to ask, and how. Tests never see them."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "JAVA_HOME", "GOROOT", "SYSTEMROOT")
"""A list of what stays, because the possible names of secrets can't be listed."""
TOOLCHAINS = {"RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo", "GOMODCACHE": "go/pkg/mod"}
"""Where tools lie below the real home directory; the run gets an empty home."""
OFFLINE = {
    "CARGO_NET_OFFLINE": "true",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "npm_config_offline": "true",
}
QUIET = {"CI": "true", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""`CI` keeps test runners from watching for changes or asking questions."""


def environment(copy: Path, home: Path, outside: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables for a run in `copy` whose home is `home`."""
    given = os.environ if outside is None else outside
    found = {name: given[name] for name in PASSED_ON if name in given}
    for name, below in TOOLCHAINS.items():
        place = given.get(name) or str(Path(given.get("HOME", "/nonexistent")) / below)
        if Path(place).is_dir():
            found[name] = place
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    paths = [copy / "src", copy] if (copy / "src").is_dir() else [copy]
    return {
        **found,
        **OFFLINE,
        **QUIET,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        # The copy's code is what is tested, even where the interpreter has another one installed.
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths),
    }
