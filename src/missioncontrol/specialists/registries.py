"""The variables that define where environments are stored, and how registries are reached."""

SWITCH = "MISSION_ENVIRONMENTS"
"""`off` makes none."""
DIRECTORY = "MISSION_ENVIRONMENTS_DIRECTORY"
"""Where they are stored; without it, none is made."""
SETTINGS = (
    *("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"),
    *("PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT"),
    *("NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG", "npm_config_registry"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"),
)
"""Variables that tell pip and npm which registry to ask, and how. Tests never see them."""
