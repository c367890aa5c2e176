"""The auditor finds planted faults, keeps quiet about what is sound, and never tells a secret."""

import json
import re
from pathlib import Path
from typing import Any

import detect_secrets  # noqa: F401 - it takes long, and no test should end in the middle of it
import pytest

from missioncontrol.domain.work import Severity, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.auditor import Auditor
from missioncontrol.specialists.auditor.issue import Issue, Scope, Topic, rules
from missioncontrol.specialists.auditor.report import summary
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

# Put together here, so that no search for secrets trips over this file.
AWS_KEY = "AKIA" + "QW3RTY7UIOP5ASDF"
PASSWORD = "kX9" + "#vLq2pTz8wBn"
PRIVATE = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIB\n"
SHA = "8e5e7e5ab8b370d6c329ec480221332ada57f0ab"


def repository(directory: Path, files: dict[str, str]) -> Path:
    root = directory / "repository"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    root.mkdir(exist_ok=True)
    return root


def audit(
    tmp_path: Path, files: dict[str, str], *, goal: str = "Sum prices in the shop"
) -> tuple[Work, dict[str, Any], str]:
    out = tmp_path / "out"
    root = repository(tmp_path, files)
    brief = Brief(goal, goal, (), "", root, None, None, {}, 60.0)
    work = Auditor().work(brief, LocalDesk(out))
    log = json.loads((out / "audit.sarif").read_text())
    return work, log["runs"][0], (out / "audit.md").read_text()


def shown(work: Work) -> set[tuple[str, str, int]]:
    return {(finding.rule, finding.path, finding.line) for finding in work.findings}


def test_a_key_in_the_code_is_critical_and_is_not_repeated(tmp_path: Path) -> None:
    work, _, _ = audit(tmp_path, {"app.py": f"X = 1\nKEY = '{AWS_KEY}'\n"})
    assert ("detect-secrets.aws-access-key", "app.py", 2) in shown(work)
    assert work.findings[0].severity == "critical"
    for name in ("audit.sarif", "audit.md"):
        assert AWS_KEY not in (tmp_path / "out" / name).read_text()
    assert AWS_KEY not in repr(work)


def test_a_password_is_neither_quoted_by_bandit_nor_by_us(tmp_path: Path) -> None:
    files = {
        "app.py": f"password = '{PASSWORD}'\n",
        "tests/test_a.py": f"password = '{PASSWORD}'\n",
    }
    work, _, _ = audit(tmp_path, files)
    assert ("detect-secrets.secret-keyword", "app.py", 1) in shown(work)
    for name in ("audit.sarif", "audit.md"):
        assert PASSWORD not in (tmp_path / "out" / name).read_text()


@pytest.mark.parametrize(
    "value", ["changeme", "dev", "your-secret-here", "${PASSWORD}", "test key"]
)
def test_words_that_stand_for_a_password_are_not_shown(tmp_path: Path, value: str) -> None:
    work, _, _ = audit(tmp_path, {"app.py": f"password = '{value}'\n"})
    assert work.findings == ()


def test_keys_of_tests_are_recorded_but_not_shown(tmp_path: Path) -> None:
    work, run, text = audit(tmp_path, {"tests/certs/server.key": PRIVATE})
    assert work.findings == ()
    assert [result["ruleId"] for result in run["results"]] == ["detect-secrets.private-key"]
    assert run["results"][0]["properties"]["scope"] == "test"
    assert "tests, examples or foreign code" in text


def test_unsafe_python_is_shown_with_reason_and_remedy(tmp_path: Path) -> None:
    code = (
        "import subprocess, yaml, requests\n"
        "def go(name):\n"
        "    subprocess.run('ls ' + name, shell=True)\n"
        "    yaml.load(name)\n"
        "    requests.get(name, verify=False, timeout=3)\n"
    )
    work, _, text = audit(tmp_path, {"app.py": code})
    assert shown(work) == {
        ("bandit.B602", "app.py", 3),
        ("bandit.B506", "app.py", 4),
        ("bandit.B501", "app.py", 5),
    }
    assert all(finding.detail and finding.remedy for finding in work.findings)
    assert text.index("TLS certificates") < text.index("A shell is started")


def test_matters_of_taste_are_left_to_the_sarif(tmp_path: Path) -> None:
    code = (
        "import subprocess\ndef go(n):\n    assert n\n    subprocess.run(['ls', n], check=True)\n"
    )
    work, run, _ = audit(tmp_path, {"app.py": code})
    assert work.findings == ()
    assert {result["ruleId"] for result in run["results"]} >= {"bandit.B101", "bandit.B603"}


def test_configuration_of_the_repository_cannot_switch_a_check_off(tmp_path: Path) -> None:
    files = {
        "app.py": "import yaml\nyaml.load(open('x'))\nprint(undefined_name)\n",
        ".bandit": "[bandit]\nskips = B506\nexclude = /\n",
        "bandit.yaml": "skips: [B506]\n",
        "ruff.toml": 'exclude = ["*"]\n',
        "pyproject.toml": '[tool.bandit]\nskips = ["B506"]\n[tool.ruff]\nexclude = ["*"]\n',
    }
    work, _, _ = audit(tmp_path, files)
    assert {("bandit.B506", "app.py", 2), ("ruff.F821", "app.py", 3)} <= shown(work)


def test_an_undefined_name_is_a_likely_defect_and_not_a_security_finding(tmp_path: Path) -> None:
    work, run, text = audit(tmp_path, {"app.py": "def go():\n    return missing_thing\n"})
    assert shown(work) == {("ruff.F821", "app.py", 2)}
    assert "## Likely defects" in text
    assert "## Security" not in text
    assert run["properties"]["counts"]["shown_quality"] == 1


def test_javascript_patterns_are_found_outside_comments_and_strings(tmp_path: Path) -> None:
    code = (
        "// eval(x)\n"
        "const words = 'never call eval(x)'\n"
        "eval(input)\n"
        "exec(`ls ${name}`)\n"
        "pattern.exec(text)\n"
        "box.innerHTML = ''\n"
        "box.innerHTML = name\n"
        "https.get({ rejectUnauthorized: false })\n"
    )
    work, _, _ = audit(tmp_path, {"lib/app.js": code})
    assert shown(work) == {
        ("javascript.eval", "lib/app.js", 3),
        ("javascript.shell", "lib/app.js", 4),
        ("javascript.html", "lib/app.js", 7),
        ("javascript.tls", "lib/app.js", 8),
    }


def test_a_library_with_lower_bounds_is_well(tmp_path: Path) -> None:
    project = (
        '[build-system]\nrequires = ["hatchling"]\n'
        '[project]\nname = "lib"\nversion = "1"\ndependencies = ["click>=8", "attrs>=23"]\n'
    )
    work, _, _ = audit(tmp_path, {"pyproject.toml": project})
    assert work.findings == ()


def test_an_application_without_lock_file_is_told_once(tmp_path: Path) -> None:
    needed = "flask\nrequests>=2\nattrs==23.1.0\n"
    work, _, _ = audit(tmp_path, {"requirements.txt": needed, "app.py": "import flask\n"})
    assert [finding.rule for finding in work.findings] == ["supply.unpinned"]
    assert "2 of 3 (flask, requests)" in work.findings[0].title


LIBRARY = (
    '[build-system]\nrequires = ["flit_core"]\n'
    '[project]\nname = "lib"\nversion = "1"\ndependencies = ["click>=8"]\n'
)


def test_a_list_of_requirements_makes_no_application_of_a_library(tmp_path: Path) -> None:
    files = {"pyproject.toml": LIBRARY, "requirements/requirements.txt": "click>=8\n"}
    work, _, _ = audit(tmp_path, files)
    assert work.findings == ()


@pytest.mark.parametrize(
    ("more", "rules"),
    [
        pytest.param("", [], id="nothing to start"),
        pytest.param('[project.scripts]\nx = "x:main"\n', ["supply.unpinned"], id="a command"),
    ],
)
def test_without_a_build_a_program_to_start_makes_the_application(
    tmp_path: Path, more: str, rules: list[str]
) -> None:
    project = f'[project]\nname = "x"\nversion = "1"\ndependencies = ["click>=8"]\n{more}'
    work, _, _ = audit(tmp_path, {"pyproject.toml": project})
    assert [finding.rule for finding in work.findings] == rules


def test_a_lock_file_settles_it(tmp_path: Path) -> None:
    package = '{"name": "x", "private": true, "dependencies": {"express": "^5.0.0"}}\n'
    unlocked, _, _ = audit(tmp_path / "a", {"package.json": package})
    locked, _, _ = audit(tmp_path / "b", {"package.json": package, "package-lock.json": "{}\n"})
    assert [finding.rule for finding in unlocked.findings] == ["supply.unpinned"]
    assert locked.findings == ()


def test_images_without_a_version_are_named_and_stages_are_not(tmp_path: Path) -> None:
    lines = "FROM python:3.12 AS base\nFROM base\nFROM node\nFROM redis:latest\nFROM scratch\n"
    work, _, _ = audit(tmp_path, {"Dockerfile": lines})
    assert shown(work) == {
        ("container.latest", "Dockerfile", 3),
        ("container.latest", "Dockerfile", 4),
    }


def test_workflows_are_read_for_moving_actions_and_strangers_text(tmp_path: Path) -> None:
    workflow = (
        "on: [push]\njobs:\n  a:\n    steps:\n"
        "      - uses: actions/checkout@v4\n"
        f"      - uses: someone/safe@{SHA} # v2\n"
        "      - uses: someone/tagged@v2\n"
        "      - uses: someone/branch@main\n"
        "      - run: |\n"
        "          echo hello\n"
        '          echo "${{ github.event.issue.title }}"\n'
        "      - name: ${{ github.event.issue.title }}\n"
    )
    work, _, _ = audit(tmp_path, {".github/workflows/ci.yml": workflow})
    place = ".github/workflows/ci.yml"
    assert shown(work) == {
        ("ci.script-injection", place, 11),
        ("ci.moving-branch", place, 8),
        ("ci.moving-tag", place, 7),
    }


def test_debug_settings_of_django_are_shown_but_not_those_for_developers(tmp_path: Path) -> None:
    text = "INSTALLED_APPS = []\nDEBUG = True\n"
    files = {"site/settings.py": text, "site/settings_dev.py": text}
    work, _, _ = audit(tmp_path, files)
    assert shown(work) == {("settings.django-debug", "site/settings.py", 2)}


def test_the_sarif_is_well_formed(tmp_path: Path) -> None:
    code = "import yaml\nyaml.load('x')\nassert yaml\n"
    _, run, _ = audit(tmp_path, {"an app.py": code, "b.js": "eval(x)\neval(x)\n"})
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == sorted(set(ids))
    prints = []
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note", "none"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[\w.%/-]+", place["artifactLocation"]["uri"])
        assert 1 <= place["region"]["startLine"] <= place["region"]["endLine"]
        prints.append(result["partialFingerprints"]["ruleAndPlace/v1"])
    assert len(prints) == len(set(prints))


def test_a_fingerprint_stays_when_lines_move(tmp_path: Path) -> None:
    _, before, _ = audit(tmp_path / "a", {"a.js": "eval(x)\n"})
    _, after, _ = audit(tmp_path / "b", {"a.js": "\n\n\neval(x)\n"})
    key = "partialFingerprints"
    assert before["results"][0][key] == after["results"][0][key]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    files = {"app.py": "import yaml\nyaml.load('x')\n", "b.js": "eval(x)\n"}
    first, _, _ = audit(tmp_path / "a", files)
    second, _, _ = audit(tmp_path / "b", files)
    assert first == second


def test_findings_in_files_of_the_goal_are_pointed_out(tmp_path: Path) -> None:
    files = {"prices.py": "import yaml\nyaml.load('x')\n", "other.py": "X = 1\n"}
    _, _, text = audit(tmp_path, files, goal="Round prices")
    near = text.partition("## In the files that the goal is about")[2]
    assert "- `prices.py:2` high: yaml.load" in near


def test_an_empty_repository_is_audited_without_a_finding(tmp_path: Path) -> None:
    work, run, _ = audit(tmp_path, {})
    assert work.summary == "Nothing that should be shown first was found in the product's code."
    assert run["results"] == []


def test_every_rule_of_ours_says_why_and_what_to_do() -> None:
    assert all(rule.title and rule.why and rule.remedy for rule in rules().values())


def test_without_a_repository_it_is_refused_by_name(tmp_path: Path) -> None:
    brief = Brief("Write", "Write", (), "", None, None, None, {}, 10.0)
    with pytest.raises(AttemptFailed) as refusal:
        Auditor().work(brief, LocalDesk(tmp_path / "out"))
    assert refusal.value.code == "auditor.no_repository"


def issue(severity: Severity, topic: Topic, scope: Scope = "product") -> Issue:
    return Issue("r", topic, severity, "high", "T", "app.py", scope=scope)


@pytest.mark.parametrize(
    ("issues", "expected"),
    [
        ([issue("low", "security")], "1 finding about security, low."),
        ([issue("low", "supply")] * 2, "2 findings about what it is built from, all low."),
        ([issue("high", "quality")], "1 likely defect, high."),
        (
            [issue("low", "quality"), issue("high", "security"), issue("low", "security", "test")],
            (
                "2 findings (1 high, 1 low): 1 about security, 1 likely defect. "
                "1 more is only in the SARIF: tests, examples, or too unsure."
            ),
        ),
    ],
)
def test_a_summary_counts_nothing_twice_and_agrees_with_its_numbers(
    issues: list[Issue], expected: str
) -> None:
    assert summary(issues) == expected
