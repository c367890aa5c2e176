"""Agents declared in a file: what it says, and everything that is wrong with it at once."""

from pathlib import Path

import pytest

from missioncontrol.adapters.agent_files import read_agents
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Capability, Limits
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Amount

WHOLE = """
[agents.reviewer]
kind = "codex"
description = "Reviews a change."
model = "gpt-5.5"
scale = 2
capabilities = ["review", {name = "explain", output = {type = "string"}}]
effects = ["calls_model"]
risks = ["read", "write"]
paths = ["code", "/srv/work"]
environment = ["HTTP_PROXY"]
secrets = {OPENAI_API_KEY = "openai"}
budget = {cost = "2.50 USD", tokens = 400000}
heartbeat = "2m"

[agents.reviewer.limits]
time = "10m"
turns = 20
output_tokens = 9000
by_call = true

[agents.reviewer.settings]
sandbox = "read-only"
"""


def read(tmp_path: Path, text: str) -> Rejected:
    path = tmp_path / "agents.toml"
    path.write_text(text)
    with pytest.raises(Rejected) as refused:
        read_agents(path)
    return refused.value


def test_a_file_says_all_there_is_to_say(tmp_path: Path) -> None:
    path = tmp_path / "agents.toml"
    path.write_text(WHOLE)
    (reviewer,) = read_agents(path)
    assert (reviewer.name, reviewer.kind, reviewer.model) == ("reviewer", "codex", "gpt-5.5")
    assert reviewer.capabilities == (
        Capability("review"),
        Capability("explain", output=Shape("string")),
    )
    assert reviewer.limits == Limits(600.0, 20, 0, 9000, by_call=True)
    assert reviewer.budget == Amount(2_500_000, 400_000)
    assert reviewer.paths == (str(tmp_path / "code"), "/srv/work")
    assert reviewer.heartbeat_seconds_max == 120.0
    assert reviewer.secrets == {"OPENAI_API_KEY": "openai"}
    assert reviewer.settings == {"sandbox": "read-only"}


def test_directories_are_plain_and_the_whole_machine_is_never_meant_by_chance(
    tmp_path: Path,
) -> None:
    path = tmp_path / "agents.toml"
    toml = '[agents.a]\nkind = "command"\npaths = ["/srv//a/../b/", "//srv/c", "/"]'
    path.write_text(toml)
    assert read_agents(path)[0].paths == ("/srv/b", "/srv/c", "/")
    for written in ("//", "/srv/..", "/."):
        refused = read(tmp_path, f'[agents.a]\nkind = "command"\npaths = ["{written}"]')
        assert f"{written!r} is the whole machine" in str(refused)


def test_no_file_declares_nobody(tmp_path: Path) -> None:
    assert read_agents(tmp_path / "agents.toml") == []


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    refused = read(
        tmp_path,
        """
        [agents.one]
        knd = "codex"
        scale = "two"
        [agents.two]
        kind = "http"
        heartbeat = "soon"
        budget = {costs = 2}
        [agents.Three]
        kind = "http"
        """,
    )
    message = str(refused)
    assert refused.code == "agents.malformed"
    for part in (
        "Agent 'one'",
        "Did you mean `kind`?",
        "`kind` is missing",
        "`scale`: Expected `int`",
        "Agent 'two'",
        "`heartbeat`: Write a duration",
        "Did you mean `cost`?",
        "'Three' cannot be the name of an agent",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[agents.one\n", "it is no TOML"),
        ("agents = 3\n", "is to hold"),
        ("[agent.one]\nkind='http'\n", "Did you mean `agents`?"),
        ("[agents]\none = 'http'\n", "it is no table"),
        ("[agents.one]\nkind='http'\ncapabilities=[1]\n", "`capabilities[0]` is neither"),
        ("[agents.one]\nkind='http'\nlimits={turns=1.5}\n", "`limits.turns` is to be"),
        (
            "[agents.one]\nkind='http'\nlimits={by_call='yes'}\n",
            "`limits.by_call` is true or false",
        ),
        ("[agents.one]\nkind='http'\nlimits={time='ever', turns=-1}\n", "`limits.turns` is to be"),
        ("[agents.one]\nkind='http'\nlimits={time='ever', turns=-1}\n", "`limits.time`: Write"),
        ("[agents.one]\nkind='http'\nbudget={tokens=true}\n", "`budget.tokens` is to be"),
        ("[agents.one]\nkind='http'\nbudget={tokens=9999999999999}\n", "`budget.tokens` is to be"),
        ("[agents.one]\nkind='http'\nbudget={}\n", "Give `cost`, `tokens` or both"),
        ("[agents.one]\nkind='http'\npaths=['']\n", "an empty text is no directory"),
        ("[agents.one]\nkind='http'\nrisks=['reads']\n", "a list of read, write and irreversible"),
        ("[agents.one]\nkind='http'\nsecrets={A=5}\n", "name of the secret"),
        ("[agents.one]\nkind='http'\nsecrets={A=''}\n", "names no secret for the variable 'A'"),
        ("[agents.one]\nkind='http'\nenvironment=['A B']\n", "begin with no digit"),
        ("[agents.one]\nkind='http'\ncapabilities=['a','a']\n", "the capability 'a', twice"),
        ("[agents.one]\nkind='http'\ncapabilities=['a b']\n", "which no step could ask for"),
        ("[agents.one]\nkind='http'\neffects=['explodes']\n", "Agent 'one': There is no effect"),
        ("[agents.one]\nkind='http'\nlocation='over there'\n", "which is no name of a worker"),
        ("[agents.one]\nkind='http'\noutput={type='strin'}\n", "Did you mean 'string'?"),
        ("[agents.one]\nkind='http'\noutput={type=5}\n", "`type` has to be a name"),
        ("[agents.one]\nkind='http'\noutput='text'\n", "A schema has to be a table, and is 'text'"),
        (
            "[agents.one]\nkind='http'\noutput={properties=['a']}\n",
            "`properties` has to be a table of schemas",
        ),
        (
            "[agents.one]\nkind='http'\noutput={properties={a={items='text'}}}\n",
            "`output`: properties.a.items: A schema has to be a table",
        ),
        (
            "[agents.one]\nkind='http'\noutput={anyOf=[{type='nul'}]}\n",
            "anyOf[0]: There is no type 'nul'",
        ),
        (
            "[agents.one]\nkind='http'\ninputs={'$ref'='#/$defs/a'}\n",
            "`$ref` is '#/$defs/a', which is not in this schema",
        ),
    ],
)
def test_a_file_that_is_no_list_of_agents_says_so(tmp_path: Path, text: str, message: str) -> None:
    assert message in str(read(tmp_path, text))
