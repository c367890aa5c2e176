"""How a product is run: images, compose files, processes, units, platforms and Kubernetes."""

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TypeAlias

from missioncontrol.specialists.manifests.known import service_of_image
from missioncontrol.specialists.surveyor.blueprint.shapes import Tie, Unit, UnitKind, excerpt_of
from missioncontrol.specialists.surveyor.blueprint.yaml_lines import Marked, documents

FoundInKubernetes: TypeAlias = Unit | Tie
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"})
REACHES = frozenset({"Service", "Ingress"})
Found = Unit | Tie
Reader = Callable[[str, str], Iterator[Found]]
PLATFORMS = {
    "fly.toml": "Fly.io",
    "vercel.json": "Vercel",
    "netlify.toml": "Netlify",
    "render.yaml": "Render",
    "app.yaml": "Google App Engine",
    "railway.json": "Railway",
    "railway.toml": "Railway",
    "heroku.yml": "Heroku",
    "app.json": "Heroku",
    "wrangler.toml": "Cloudflare Workers",
    ".readthedocs.yaml": "Read the Docs",
    ".readthedocs.yml": "Read the Docs",
    "Pulumi.yaml": "Pulumi",
}
LOOKED_FOR = (
    "Dockerfiles, compose files, Kubernetes manifests, Procfiles, systemd units, "
    "serverless.yml and the files of hosting platforms"
)
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_EXPOSE = re.compile(r"^\s*EXPOSE\s+(.+)$", re.IGNORECASE)
_START = re.compile(r"^\s*(ENTRYPOINT|CMD)\s+(.+)$", re.IGNORECASE)
_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


def reader_of(path: str) -> Reader | None:
    """Return who reads the file at `path`, None where it says nothing of deployment."""
    name = PurePosixPath(path).name
    if re.fullmatch(r"(Dockerfile|Containerfile)([.-].+)?|.+\.Dockerfile", name):
        return read_dockerfile
    if re.fullmatch(r"(docker-)?compose([.-].+)?\.ya?ml", name):
        return read_compose
    if name == "Procfile":
        return read_procfile
    if name.endswith(".service"):
        return read_systemd
    if name in ("serverless.yml", "serverless.yaml"):
        return read_serverless
    if name in PLATFORMS and "/" not in path:
        return read_platform
    return read_kubernetes if name.endswith((".yml", ".yaml")) else None


def read_dockerfile(path: str, text: str) -> Iterator[Found]:
    """Yield the image and what it is built on."""
    bases: list[tuple[str, int]] = []
    stages: set[str] = set()
    details: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := _FROM.match(line):
            if match[1] not in stages:
                bases.append((match[1], number))
            if match[2]:
                stages.add(match[2])
        elif match := _EXPOSE.match(line):
            details.append(f"listens on {match[1].strip()} (line {number})")
        elif match := _START.match(line):
            details.append(f"starts {match[2].strip()[:120]} (line {number})")
    if not bases:
        return
    unit = f"{path}#image"
    name = PurePosixPath(path).name
    where = str(PurePosixPath(path).parent)
    label = "image" if where == "." and name == "Dockerfile" else f"image of {path}"
    yield Unit(
        unit, label, "image", path, bases[-1][1], "; ".join(details), excerpt_of(text, bases[-1][1])
    )
    for base, number in dict(bases).items():
        if base == "scratch" or "$" in base:
            continue
        yield Unit(f"image {base}", base, "outside", path, number, "A published image.")
        yield Tie(unit, f"image {base}", "is built on", path, number)


def read_compose(path: str, text: str) -> Iterator[Found]:
    """Yield services, what they need, and where they can be reached."""
    for document in documents(text)[:1]:
        for name, line, service in document.at("services").items():
            yield from _service(path, text, name, line, service)


def _service(path: str, text: str, name: str, line: int, service: Marked) -> Iterator[Found]:
    image = service.at("image").text()
    known = service_of_image(image) if image else ""
    kind: UnitKind = "store" if known else "service"
    ports = [port.text() or port.at("published").text() for port in service.at("ports").each()]
    details = [f"image {image}"] if image else []
    build = service.at("build")
    context = build.text() or build.at("context").text()
    details += [f"built from {context}"] if context else []
    details += [f"ports {', '.join(filter(None, ports))}"] if any(ports) else []
    unit = f"{path}#{name}"
    words = f"{name} ({known})" if known and known.lower() not in name.lower() else name
    yield Unit(unit, words, kind, path, line, "; ".join(details), excerpt_of(text, line), path)
    if context:
        file = build.at("dockerfile").text() or "Dockerfile"
        home = PurePosixPath(path).parent / context / file
        target = "/".join(part for part in home.parts if part != ".")
        yield Tie(unit, f"{target}#image", "runs", path, service.line_of("build"))
    wanted = service.at("depends_on")
    needs = [(each.text(), each.line) for each in wanted.each()]
    needs += [(key, at) for key, at, _ in wanted.items()]
    for need, at in needs:
        yield Tie(unit, f"{path}#{need}", "needs", path, at)


def read_procfile(path: str, text: str) -> Iterator[Found]:
    """Yield the process types."""
    for number, line in enumerate(text.split("\n"), 1):
        if match := _PROCESS.match(line):
            yield Unit(
                f"{path}#{match[1]}",
                match[1],
                "process",
                path,
                number,
                f"runs {match[2][:160]}",
                line[:200],
                path,
            )


def read_systemd(path: str, text: str) -> Iterator[Found]:
    """Yield the unit with what it starts and what it waits for."""
    name = PurePosixPath(path).name
    lines = list(enumerate(text.split("\n"), 1))
    start = next(((n, line) for n, line in lines if line.startswith("ExecStart=")), None)
    if start is None:
        return
    number, line = start
    command = line.removeprefix("ExecStart=").strip()
    yield Unit(path, name, "process", path, number, f"starts {command[:160]}", line[:200])


def read_serverless(path: str, text: str) -> Iterator[Found]:
    """Yield the functions and the provider that runs them."""
    for document in documents(text)[:1]:
        provider = document.at("provider", "name").text() or document.at("provider").text()
        if provider:
            line = document.line_of("provider")
            yield Unit(f"{path}#provider", provider, "platform", path, line, "runs the functions")
        for name, line, function in document.at("functions").items():
            handler = function.at("handler").text()
            unit = f"{path}#{name}"
            detail = f"handled by {handler}" if handler else ""
            yield Unit(unit, name, "function", path, line, detail, excerpt_of(text, line), path)
            if provider:
                yield Tie(f"{path}#provider", unit, "runs", path, line)


def read_platform(path: str, text: str) -> Iterator[Found]:
    """Yield the platform that the file is for."""
    line = next((n for n, each in enumerate(text.split("\n"), 1) if each.strip()), 1)
    name = PLATFORMS[path]
    if path == "app.yaml" and "runtime:" not in text and "env:" not in text:
        return
    if path == "app.json" and "buildpacks" not in text and "formation" not in text:
        return
    yield Unit(path, name, "platform", path, line, f"configured by {path}", excerpt_of(text, 1))


def read_kubernetes(path: str, text: str) -> Iterator[FoundInKubernetes]:
    """Yield workloads and services; nothing for YAML that is no manifest."""
    if "apiVersion:" not in text or "kind:" not in text:
        return
    workloads: dict[str, list[tuple[str, str]]] = {}
    rest: list[tuple[str, str, Marked]] = []
    for document in documents(text):
        kind = document.at("kind").text()
        name = document.at("metadata", "name").text()
        if not name or kind not in WORKLOADS | REACHES:
            continue
        unit = f"{path}#{kind}/{name}"
        if kind in WORKLOADS:
            yield _workload(path, text, unit, document)
            for label in _labels(document):
                workloads.setdefault(unit, []).append(label)
        else:
            line = document.line_of("kind")
            yield Unit(
                unit,
                f"{kind} {name}",
                "service",
                path,
                line,
                _ports(document),
                excerpt_of(text, line),
                path,
            )
            rest.append((unit, kind, document))
    for unit, kind, document in rest:
        yield from _reached(path, unit, kind, document, workloads)


def _workload(path: str, text: str, unit: str, document: Marked) -> Unit:
    images = [each.at("image").text() for each in _pod(document).at("spec", "containers").each()]
    kind: UnitKind = "store" if any(map(service_of_image, filter(None, images))) else "process"
    line = document.line_of("kind")
    count = document.at("spec", "replicas").text()
    details = [f"image {image}" for image in images if image]
    details += [f"{count} replicas"] if count else []
    name = unit.partition("#")[2].replace("/", " ")
    return Unit(unit, name, kind, path, line, "; ".join(details), excerpt_of(text, line), path)


def _pod(document: Marked) -> Marked:
    for keys in (("spec", "template"), ("spec", "jobTemplate", "spec", "template"), ()):
        found = document.at(*keys)
        if found.at("spec", "containers").is_there:
            return found
    return document


def _labels(document: Marked) -> list[tuple[str, str]]:
    return [
        (key, value.text()) for key, _, value in _pod(document).at("metadata", "labels").items()
    ]


def _ports(document: Marked) -> str:
    ports = [each.at("port").text() for each in document.at("spec", "ports").each()]
    hosts = [each.at("host").text() for each in document.at("spec", "rules").each()]
    details = [f"port {port}" for port in ports if port] + [
        f"host {host}" for host in hosts if host
    ]
    return "; ".join(details)


def _reached(
    path: str,
    unit: str,
    kind: str,
    document: Marked,
    workloads: dict[str, list[tuple[str, str]]],
) -> Iterator[Tie]:
    if kind == "Ingress":
        for rule in document.at("spec", "rules").each():
            for way in rule.at("http", "paths").each():
                name = way.at("backend", "service", "name")
                if name.text():
                    target = f"{path}#Service/{name.text()}"
                    yield Tie(unit, target, way.at("path").text() or "/", path, name.line)
        return
    selector = document.at("spec", "selector")
    wanted = {(key, value.text()) for key, _, value in selector.items()}
    for workload, labels in workloads.items():
        if wanted and wanted <= set(labels):
            yield Tie(unit, workload, "reaches", path, selector.line)
