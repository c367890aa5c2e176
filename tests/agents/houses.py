"""Homes with a gateway to scripted models, and one coding agent."""

from pathlib import Path

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.domain.price import charged
from missioncontrol.domain.work import Usage
from missioncontrol.testing.scripted_models import ModelServer, Reply

MODELS = {"codex": "gpt-5.5", "claude": "claude-sonnet-4-5"}


def furnished(home: Path, models: ModelServer, kind: str, program: Path) -> Path:
    """Make `home`, in which agent `coder` is the program, and its models are the scripted ones."""
    home.mkdir(parents=True)
    api, base = ("openai", models.url) if kind == "codex" else ("anthropic", models.origin)
    (home / "gateway.toml").write_text(
        f'[[upstreams]]\nname = "local"\nbase_url = "{base}"\napi = "{api}"\n'
        "[policy]\noutput_tokens_default = 500\noutput_tokens_max = 500\n"
    )
    (home / "agents.toml").write_text(
        f'[agents.coder]\nkind = "{kind}"\nmodel = "{MODELS[kind]}"\n'
        "limits = {by_call = true}\n"
        f'[agents.coder.settings]\nprogram = "{program}"\n'
    )
    return home


def total(script: tuple[Reply, ...]) -> Usage:
    """Return all tokens of a script."""
    return sum(
        (
            Usage(
                each.input_tokens,
                each.cached_tokens,
                each.output_tokens,
                each.reasoning_tokens,
                cache_write_tokens=each.cache_write_tokens,
            )
            for each in script
        ),
        Usage(),
    )


def cost(script: tuple[Reply, ...], model: str) -> int:
    """Return what a script costs by the price list, in micro-dollars."""
    price = GenaiPrices().price(model, SystemClock().now())
    assert price is not None
    costs = [charged(price, total((each,))) for each in script]
    return sum(each for each in costs if each is not None)
