"""Reads CI files, Dockerfiles and compose files: who tests the project and what it runs beside."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from missioncontrol.specialists.manifests.stack import (
    CiFile,
    EntryPoint,
    ManifestStatement,
    Recognised,
    Unreadable,
)

CI_SYSTEMS = {
    ".gitlab-ci.yml": "GitLab CI",
    ".travis.yml": "Travis CI",
    "azure-pipelines.yml": "Azure Pipelines",
    "bitbucket-pipelines.yml": "Bitbucket Pipelines",
    "appveyor.yml": "AppVeyor",
    ".appveyor.yml": "AppVeyor",
    ".circleci/config.yml": "CircleCI",
    ".cirrus.yml": "Cirrus CI",
    ".drone.yml": "Drone",
    ".woodpecker.yml": "Woodpecker",
    "Jenkinsfile": "Jenkins",
    ".buildkite/pipeline.yml": "Buildkite",
}
FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)
START = re.compile(r"^\s*(?:ENTRYPOINT|CMD)\s+(.+)$", re.IGNORECASE)
NOT_JOBS = frozenset(
    [
        "after_script",
        "before_script",
        "cache",
        "default",
        "image",
        "include",
        "pages",
        "services",
        "stages",
        "variables",
        "workflow",
    ]
)


def ci_system(path: str) -> str:
    """Return the CI service that reads the file at `path`, "" where none does."""
    if path.startswith((".github/workflows/", ".forgejo/workflows/", ".gitea/workflows/")):
        is_workflow = path.endswith((".yml", ".yaml"))
        host = path[1:].partition("/")[0]
        return {"github": "GitHub Actions"}.get(host, "Forgejo Actions") if is_workflow else ""
    if path.startswith(".ci/"):
        return "scripts for CI"
    return CI_SYSTEMS.get(path, "")


def read_ci(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the file with its service and its jobs, and the images its jobs run beside."""
    system = ci_system(path)
    if path.endswith("Jenkinsfile"):
        stages = re.findall(r"""stage\s*\(\s*["']([^"']+)["']""", text)
        yield CiFile(path, system, tuple(stages))
        return
    data = _yaml(text) if path.endswith((".yml", ".yaml")) else {}
    if isinstance(data, str):
        yield Unreadable(path, data)
        data = {}
    jobs = data.get("jobs") if system != "GitLab CI" else data
    jobs = jobs if isinstance(jobs, dict) else {}
    names = [str(name) for name in jobs if str(name) not in NOT_JOBS and str(name)[:1] != "."]
    yield CiFile(path, system, tuple(names))
    for job in jobs.values():
        services = job.get("services") if isinstance(job, dict) else None
        for service in services.values() if isinstance(services, dict) else ():
            if isinstance(service, dict) and isinstance(service.get("image"), str):
                yield from _image(path, text, service["image"])


def read_dockerfile(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a Dockerfile starts."""
    yield Recognised("Docker", "tool", PurePosixPath(path).name, path, 1)
    for number, line in enumerate(text.split("\n"), 1):
        if match := START.match(line):
            yield EntryPoint(PurePosixPath(path).name, match[1].strip(), "container", path, number)


def read_compose(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the services that a compose file starts from known images."""
    data = _yaml(text)
    if isinstance(data, str):
        yield Unreadable(path, data)
        return
    yield Recognised("Docker Compose", "tool", PurePosixPath(path).name, path, 1)
    services = data.get("services")
    for service in services.values() if isinstance(services, dict) else ():
        if isinstance(service, dict) and isinstance(service.get("image"), str):
            yield from _image(path, text, service["image"])


def _image(path: str, text: str, image: str) -> Iterator[Recognised]:
    from missioncontrol.specialists.manifests.known import service_of_image

    name = service_of_image(image)
    if name:
        line = next((n for n, line in enumerate(text.split("\n"), 1) if image in line), 0)
        yield Recognised(name, "service", image, path, line)


def _yaml(text: str) -> dict[Any, Any] | str:
    import yaml

    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return f"it is not valid YAML: {str(error).splitlines()[0]}"
    return data if isinstance(data, dict) else {}
