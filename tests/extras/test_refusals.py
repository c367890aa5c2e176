"""What lacks an extra says so in one line, with the command that adds it, wherever it is used."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents import consultation
from missioncontrol.adapters.agents.a2a import kind as a2a
from missioncontrol.adapters.agents.acp import kind as acp
from missioncontrol.adapters.agents.mcp import session as mcp
from missioncontrol.adapters.agents.model import kind as model
from missioncontrol.adapters.event_files.files import LocalEventFiles
from missioncontrol.adapters.openai_compatible import Endpoint, OpenAICompatible
from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.domain.learned import Codemod
from missioncontrol.domain.work import Work
from missioncontrol.extras import require_extra
from missioncontrol.interfaces.capture.origin import is_bot
from missioncontrol.learning.rewrite import rewritten
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.event_files import Mapping
from missioncontrol.specialists.auditor import Auditor
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk
from tests.agents.repositories import git, repository
from tests.console.houses import console_house
from tests.console.mission_house import GOAL, ended, small_repository
from tests.extras.libraries import blocking, without

API = "/api/v1"
CODE = "extra.not_installed"


def command(extra: str) -> str:
    return f'pip install "missioncontrol[{extra}]"'


# The one function


def test_what_is_installed_is_not_refused() -> None:
    require_extra("pdf", "Printing", "json", "importlib.metadata")


def test_the_refusal_names_what_is_missing_and_what_adds_it() -> None:
    with pytest.raises(Unavailable) as no:
        require_extra("pdf", "Printing", "json", "not_there", "not_there_either.part")
    assert no.value.code == CODE
    assert str(no.value) == (
        "Printing needs the extra 'pdf'; not installed: not_there, not_there_either.part. "
        'Run: pip install "missioncontrol[pdf]"'
    )


def test_the_refusal_is_of_the_kind_that_its_caller_wants() -> None:
    with pytest.raises(Conflict) as no:
        require_extra("a", "It", "not_there", code="it.no", otherwise="or wait", refuse=Conflict)
    assert no.value.code == "it.no"
    assert no.value.hint == 'Run: pip install "missioncontrol[a]", or wait.'


# The command line


def mission(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `mission` where no library of an extra is found."""
    home = {"MISSION_HOME": str(place / "home"), "MISSION_CONSOLE": "off"}
    return subprocess.run(
        [sys.executable, "-m", "missioncontrol", *arguments],
        env={**os.environ, **blocking(place), **home},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        ("agents", ("mcp",)),
        ("analytics", ("analytics", "funnel", "--step", "signup", "--step", "order")),
        ("learn", ("learn", "{repository}")),
    ],
)
def test_a_command_says_it_in_one_line(
    tmp_path: Path, extra: str, arguments: tuple[str, ...]
) -> None:
    root = repository(tmp_path / "r", {"a.py": "def a(x):\n    return b(x)\n"})
    (root / "a.py").write_text("def a(x):\n    return c(x)\n")
    git(root, "commit", "-qam", "Call c")
    assert mission(tmp_path, "analytics", "add-product", "shop").returncode == 0
    done = mission(tmp_path, *(each.format(repository=root) for each in arguments))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert command(extra) in line


def test_all_but_codemods_is_learned_without_the_extra(tmp_path: Path) -> None:
    manifest = '[project]\nname = "demo"\nversion = "1"\n\n[tool.ruff]\nline-length = 90\n'
    root = repository(tmp_path / "r", {"pyproject.toml": manifest})
    done = mission(tmp_path, "learn", str(root), "--kind", "settings", "--json")
    assert done.returncode == 0, done.stderr


# Inside the program


@pytest.mark.parametrize("module", [a2a, acp, consultation, mcp, model])
def test_an_agent_whose_library_is_missing_fails_for_good(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "agents")
    with pytest.raises(AttemptFailed) as no:
        module._require_extra()
    assert no.value.code.endswith(".not_installed")
    assert command("agents") in no.value.hint
    assert not no.value.retryable


def test_a_configured_model_without_its_library_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "model")
    with pytest.raises(Rejected) as no:
        OpenAICompatible(Endpoint("http://127.0.0.1:1", "m", ""))
    assert (no.value.code, no.value.hint) == ("model.not_installed", f"Run: {command('model')}")


def test_a_codemod_is_not_applied_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "learn")
    codemod = Codemod("syntax", "old($A)", "new($A)")
    with pytest.raises(Unavailable, match="Rewriting code needs the extra 'learn'") as no:
        rewritten(codemod, "python", "old(1)\n")
    assert (no.value.code, no.value.hint) == ("pattern.no_library", f"Run: {command('learn')}")


def test_parquet_is_neither_read_nor_written_without_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "analytics")
    path = tmp_path / "events.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(Unavailable, match="Reading Parquet needs the extra 'analytics'"):
        list(LocalEventFiles().read(path, Mapping(), source="file", received=0))
    with pytest.raises(Unavailable, match="Writing Parquet needs the extra 'analytics'"):
        LocalEventFiles().write(tmp_path / "out.parquet", "parquet", iter([]))


def test_a_crawler_is_not_told_apart_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "analytics")
    with pytest.raises(Unavailable, match="'analytics'"):
        is_bot("a browser that no other test asks about")


# The auditor


def audited(place: Path) -> tuple[Work, dict[str, Any], str]:
    key = "AKIA" + "QW3RTY7UIOP5ASDF"  # No search for secrets trips over this file.
    root = repository(place / "r", {"app.py": f"import os\nK = '{key}'\nos.system(missing)\n"})
    work = Auditor().work(
        Brief("Audit", "Audit", (), "", root, None, None, {}, 60.0), LocalDesk(place / "out")
    )
    log = json.loads((place / "out/audit.sarif").read_text())
    return work, log["runs"][0], (place / "out/audit.md").read_text()


def scanners(work: Work) -> set[str]:
    return {finding.rule.partition(".")[0] for finding in work.findings}


def test_an_audit_without_its_scanners_reports_which_checks_were_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "audit")
    work, sarif, text = audited(tmp_path)
    assert scanners(work) == {"detect-secrets"}  # It is of the core.
    assert "2 checks were not made; audit.md says why." in work.summary
    reasons = work.output["left_out"]
    assert [each.partition(";")[0] for each in reasons] == [
        "The search for likely defects in Python needs the extra 'audit'",
        "The search for unsafe patterns in Python needs the extra 'audit'",
    ]
    for each in reasons:
        assert command("audit") in each
        assert each in text
        assert each in json.dumps(sarif, ensure_ascii=False).replace('\\"', '"')


def test_an_audit_with_its_scanners_leaves_no_check_out(tmp_path: Path) -> None:
    work, _, text = audited(tmp_path)
    assert scanners(work) == {"bandit", "detect-secrets", "ruff"}
    assert "not made" not in work.summary + text


# The console


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with a product and a mission that has ended."""
    root = tmp_path_factory.mktemp("extras")

    async def work() -> str:
        async with console_house(root) as house, house.client("admin") as client:
            asked = {"goal": GOAL, "repository": str(small_repository(root))}
            begun = (await client.post(f"{API}/missions", json=asked)).json()
            await ended(house, begun["run"])
            await client.post(f"{API}/products", json={"slug": "shop", "name": "Shop"})
            return str(begun["mission"])

    return root, asyncio.run(work())


def look(home: tuple[Path, str], check: Callable[[Any, str], Awaitable[None]]) -> None:
    root, mission = home

    async def ask() -> None:
        async with console_house(root) as house, house.client("admin") as client:
            await check(client, mission)

    asyncio.run(ask())


async def _refused(client: Any, extra: str, path: str, **options: Any) -> None:
    method = client.post if options else client.get
    answer = await method(path, **options)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, CODE), problem
    assert command(extra) in json.dumps(problem, ensure_ascii=False).replace('\\"', '"')


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_a_document_is_not_printed_and_still_comes_as_html_and_markdown(
    home: tuple[Path, str], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "pdf")

    async def check(client: Any, mission: str) -> None:
        at = f"{API}/missions/{mission}/documents/prd"
        await client.post(at)
        for other in ("md", "html"):
            assert (await client.get(f"{at}/file?format={other}")).status_code == 200
        await _refused(client, "pdf", f"{at}/file?format={form}")

    look(home, check)


def test_a_drawing_comes_as_svg_and_not_as_png(
    home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "pdf")

    async def check(client: Any, mission: str) -> None:
        at = f"{API}/missions/{mission}/diagrams/flow"
        assert (await client.get(f"{at}?format=svg")).status_code == 200
        await _refused(client, "pdf", f"{at}?format=png")

    look(home, check)


def test_a_question_about_a_product_and_its_page_say_what_is_missing(
    home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "analytics")
    question = {
        "measure": "funnel",
        "product": "shop",
        "range": {"since": "2026-11-17", "until": "2026-11-23"},
        "steps": [{"pattern": {"event": "signup"}}, {"pattern": {"event": "order"}}],
    }

    async def check(client: Any, mission: str) -> None:
        await _refused(client, "analytics", f"{API}/analytics/answers", json=question)
        page = await client.get("/cockpit?product=shop", headers={"accept": "text/html"})
        assert "pip install &#34;missioncontrol[analytics]&#34;" in page.text, page.text

    look(home, check)
