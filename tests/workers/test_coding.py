"""A real coding agent on a worker: its models are the server's, its patch and cost come here."""

from pathlib import Path

import pytest

from missioncontrol.testing.scripted_models import serving
from tests.agents.houses import MODELS
from tests.agents.repositories import applied, everything, git, repository
from tests.agents.test_built_missions import FILES, script
from tests.cli.command import answer, mission
from tests.workers.house import House

pytestmark = pytest.mark.journey


def flow(source: Path) -> str:
    return (
        "name: change\nsteps:\n  change:\n    agent: coder\n"
        f"    with: {{prompt: Add a discount to total, repository: {source}}}\n"
    )


def coder(house: House, kind: str, program: Path) -> None:
    """Have a worker offer the program; it has no way to models but the server's."""
    house.more_agents = (
        f'[agents.coder]\nkind = "{kind}"\nmodel = "{MODELS[kind]}"\n'
        f'limits = {{by_call = true}}\n[agents.coder.settings]\nprogram = "{program}"\n'
    )
    house.worker("box", "--gateway", "--agents", "coder")


def upstream(home: Path, kind: str, url: str) -> None:
    home.mkdir(parents=True)
    api = "openai" if kind == "codex" else "anthropic"
    (home / "gateway.toml").write_text(
        f'[[upstreams]]\nname = "local"\nbase_url = "{url}"\napi = "{api}"\n'
        "[policy]\noutput_tokens_default = 500\noutput_tokens_max = 500\n"
    )


@pytest.mark.parametrize("kind", ["codex", "claude"])
def test_its_patch_and_exactly_what_it_used_are_the_step_s(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue(f"{kind}_program")
    source = repository(tmp_path / "source", FILES)
    before = everything(source)
    replies = script(kind)
    with serving(*replies) as models:
        upstream(tmp_path / "home", kind, models.url if kind == "codex" else models.origin)
        house = House(tmp_path)
        coder(house, kind, program)
        run = house.begin(flow(source), agent="coder")
        house.until_settled(run)
    assert everything(source) == before
    used = answer(house.home, "show", run)["usage"]
    assert used["input_tokens"] == sum(each.input_tokens for each in replies)
    assert used["output_tokens"] == sum(each.output_tokens for each in replies)
    mission(house.home, "artifacts", run, "--output", str(tmp_path / "out"))
    [patch] = (tmp_path / "out").glob("*/changes.patch")
    head = git(source, "rev-parse", "HEAD")
    clone = applied(source, head, patch.read_bytes(), tmp_path / "fresh")
    assert "discount" in (clone / "shop/prices.py").read_text()


def test_without_the_repository_on_its_machine_it_says_which_one_is_missing(
    tmp_path: Path, codex_program: Path
) -> None:
    with serving(*script("codex")) as models:
        upstream(tmp_path / "home", "codex", models.url)
        house = House(tmp_path)
        coder(house, "codex", codex_program)
        missing = tmp_path / "only-at-the-server"
        run = house.begin(flow(missing), agent="coder")
        ended = house.until_settled(run, "failed")
        assert not models.calls
    assert "only-at-the-server" in str(ended["steps"])
