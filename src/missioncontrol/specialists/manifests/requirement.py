"""Takes a Python requirement apart: its name, its version part, and whether it is pinned."""

import re


def parsed_requirement(text: str) -> tuple[str, str, bool] | None:
    """Return name, version part and whether only one version fits; None where it is no requirement.

    Pinned are `==1.2.3`, `===…` and an address that ends in a full commit or carries a digest.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    if requirement.url:
        return (
            requirement.name,
            f"@ {_without_password(requirement.url)}",
            _is_fixed(requirement.url),
        )
    specifiers = list(requirement.specifier)
    pinned = any(
        item.operator == "===" or (item.operator == "==" and not item.version.endswith(".*"))
        for item in specifiers
    )
    return requirement.name, _as_written(text) if specifiers else "", pinned


def _as_written(text: str) -> str:
    """Return the version part in the order and spacing in which the author wrote it."""
    return re.sub(r"^\s*[\w.\-]+\s*(\[[^\]]*\])?", "", text.partition(";")[0]).strip(" ()")


def _is_fixed(url: str) -> bool:
    return bool(re.search(r"@[0-9a-f]{40}\b|[#&]sha256=[0-9a-f]{64}", url))


def _without_password(url: str) -> str:
    """Return the address without user and password: reports travel further than manifests."""
    return re.sub(r"(?<=://)[^/@\s]*:[^/@\s]*@", "", url)
