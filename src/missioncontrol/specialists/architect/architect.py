"""The architect: reads the import graph out of the code and shows cycles, layers and neighbours."""

import msgspec

from missioncontrol.domain.work import ArtifactRef, FilesRead, Work
from missioncontrol.drawing.mermaid import mermaid
from missioncontrol.drawing.model import Graph
from missioncontrol.drawing.modules import ImportFact, ModuleFact, module_graph
from missioncontrol.drawing.svg import svg
from missioncontrol.specialists.architect import results
from missioncontrol.specialists.architect.import_graph import placed_in, read_graph
from missioncontrol.specialists.architect.report import markdown, summary
from missioncontrol.specialists.architect.study import LOAD, Study, studied
from missioncontrol.specialists.specialist import Brief, Desk, repository_of

# Says what of the study is drawn: the modules of the product and what they import to load.

TITLE = "Modules by the layers of their imports"


def picture(study: Study) -> Graph:
    """Return the graph of `study`."""
    return module_graph(
        [
            ModuleFact(each.module.path, each.module.lines, each.fan_in, each.fan_out)
            for each in study.modules
        ],
        [
            ImportFact(each.source, each.target, each.file, each.line)
            for each in study.imports
            if each.when in LOAD
        ],
        {near.path for near in study.near},
        title=TITLE,
    )


RELEVANT_MAX = 12
SECONDS_RESERVED = 8.0
"""Left for measuring, drawing and writing once reading has to stop."""


class Architect:
    """Draws what stands: modules, imports, cycles and layers, as the code itself tells them."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Read the graph and hand in JSON, Markdown, SVG and Mermaid.

        Raises:
            AttemptFailed: there is no repository to read.
        """
        root = repository_of(brief, "architect", "read modules from").resolve()
        from missioncontrol.specialists.historian.walk import read_past
        from missioncontrol.specialists.ranking.facts_cache import open_facts_cache
        from missioncontrol.specialists.ranking.index import Index
        from missioncontrol.specialists.relevance import relevant_files
        from missioncontrol.specialists.tree import read_tree

        tree, cache = read_tree(root), open_facts_cache()
        graph = read_graph(
            tree,
            root,
            tick=lambda done, total: desk.progress(done, total, "code files read"),
            is_late=lambda: desk.seconds_left() < SECONDS_RESERVED,
            cache=cache,
        )
        relevant = [
            (each.path, each.reasons)
            for each in relevant_files(
                brief.goal,
                brief.plan,
                lambda: Index(tree, read_past(tree, cache=cache), cache=cache),
                limit=RELEVANT_MAX,
            )
        ]
        study = studied(graph, tuple(placed_in(relevant, graph).items()))
        desk.log("success", summary(study))
        return Work(
            summary=summary(study),
            output=results.output(study),
            facts=results.facts(study),
            findings=results.findings(study),
            artifacts=tuple(_artifacts(study, desk)),
            evidence=(FilesRead(graph.files_read, tree.left_out_count, tree.commit),),
        )


def _artifacts(study: Study, desk: Desk) -> list[ArtifactRef]:
    how = "; ".join(study.graph.obtained) or "no code file was found"
    data = msgspec.json.format(msgspec.json.encode(results.document(study)), indent=2)
    artifacts = [
        desk.keep(
            "architecture.json",
            data + b"\n",
            media_type="application/json",
            title="Modules, imports, cycles and layers",
            obtained=how,
        ),
        desk.keep(
            "architecture.md",
            markdown(study),
            media_type="text/markdown",
            title="How the modules hang together",
            obtained=how,
        ),
    ]
    drawn = picture(study)
    artifacts.append(
        desk.keep(
            "modules.svg",
            svg(drawn),
            media_type="image/svg+xml",
            title=drawn.title,
            obtained=how,
        )
    )
    artifacts.append(
        desk.keep(
            "modules.mmd",
            mermaid(drawn),
            media_type="text/vnd.mermaid",
            title="The same drawing as Mermaid text",
            obtained=how,
        )
    )
    return artifacts
