"""Reads Kubernetes manifests: workloads, what reaches them, and the images that they run."""

from collections.abc import Iterator
from typing import TypeAlias

from missioncontrol.specialists.manifests.known import service_of_image
from missioncontrol.specialists.surveyor.blueprint.shapes import Tie, Unit, UnitKind, excerpt_of
from missioncontrol.specialists.surveyor.blueprint.yaml_lines import Marked, documents

Found: TypeAlias = Unit | Tie
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"})
REACHES = frozenset({"Service", "Ingress"})


def read_kubernetes(path: str, text: str) -> Iterator[Found]:
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
