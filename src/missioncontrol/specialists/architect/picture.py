"""Says what of the study is drawn: the modules of the product and what they import to load."""

from missioncontrol.drawing.model import Graph
from missioncontrol.drawing.modules import ImportFact, ModuleFact, module_graph
from missioncontrol.specialists.architect.study import LOAD, Study

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
