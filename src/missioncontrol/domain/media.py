"""The media type of a file by its name, the same on every machine."""

_BY_ENDING = {
    "css": "text/css",
    "csv": "text/csv",
    "gif": "image/gif",
    "gz": "application/gzip",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "log": "text/plain",
    "md": "text/markdown",
    "mmd": "text/vnd.mermaid",
    "pdf": "application/pdf",
    "png": "image/png",
    "sarif": "application/sarif+json",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "toml": "application/toml",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "webp": "image/webp",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zip": "application/zip",
}

ANY = "application/octet-stream"


def media_type(name: str) -> str:
    """Return the media type that the ending of `name` tells, `application/octet-stream` if none."""
    base, dot, ending = name.rpartition(".")
    return _BY_ENDING.get(ending.lower(), ANY) if dot and base else ANY
