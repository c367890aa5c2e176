"""The same drawing as Mermaid text, for documents that draw it themselves."""

from missioncontrol.specialists.architect.picture import View


def mermaid(shown: View) -> str:
    """Return a flowchart, top to bottom, with the goal's modules and cycles marked."""
    keys = {node: f"m{number}" for number, node in enumerate(sorted(shown.labels))}
    lines = ["flowchart TB"]
    lines += [f'  {keys[node]}["{_quoted(shown.labels[node])}"]' for node in sorted(keys)]
    lines += [f"  {keys[source]} --> {keys[target]}" for source, target in shown.arrows]
    for name, nodes in (("goal", shown.goal), ("cycle", shown.knotted)):
        if nodes:
            lines.append(f"  class {','.join(keys[node] for node in sorted(nodes))} {name}")
    if shown.goal:
        lines.append("  classDef goal stroke:#005db1,stroke-width:3px")
    if shown.knotted:
        lines.append("  classDef cycle stroke:#ae1320,stroke-dasharray:4 2")
    return "\n".join(lines) + "\n"


def _quoted(label: str) -> str:
    return label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
