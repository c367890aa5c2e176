"""A tag is pushed only if it is fit for it, and only once another person has agreed."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import answer, git, mission, repository
from tests.examples.shop import EXAMPLES, SCRIPTS, Shop, failure, live, output, states

ALICE = {"MISSION_ACTOR": "alice"}
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def released(root: Path, test: str = "self.assertEqual(add(1, 2), 3)") -> tuple[Path, Path]:
    """Make a clone with the tag v1.0.0, and the bare repository that it is to be pushed to."""
    clone, remote = repository(root / "tiny", test), root / "remote.git"
    manifest = clone / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"1.0"', '"1.0.0"'))
    git(clone, *WHO, "commit", "-qam", "Release 1.0.0")
    git(clone, *WHO, "tag", "-a", "v1.0.0", "-m", "The first")
    git(root, "init", "-q", "--bare", "remote.git")
    git(clone, "remote", "add", "origin", str(remote))
    return clone, remote


def said(place: Path, *command: str) -> str:
    done = subprocess.run(["git", *command], cwd=place, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@pytest.mark.journey
def test_the_very_command_is_agreed_to_and_then_pushes_the_tag(tmp_path: Path) -> None:
    clone, remote = released(tmp_path)
    tag = said(clone, "rev-parse", "v1.0.0")
    home = tmp_path / "home"
    assert mission(home, "workflow", "save", str(EXAMPLES / "release-check.yaml")).returncode == 0
    inputs = {"repository": clone, "tag": "v1.0.0", "scripts": SCRIPTS}
    given = [word for name, value in inputs.items() for word in ("--input", f"{name}={value}")]
    waiting = mission(home, "workflow", "run", "release-check", *given, env=ALICE)
    assert waiting.returncode == 4, waiting.stderr.decode()
    (asked,) = answer(home, "approvals", "list")
    shown = answer(home, "approvals", "show", asked["id"])
    argv = ["git", "push", "origin", f"{tag}:refs/tags/v1.0.0"]
    assert shown["subject"]["inputs"] == {"argv": argv, "repository": str(clone)}
    reason = ("--reason", "It is what we want.")
    alone = mission(home, "approvals", "approve", asked["id"], *reason)
    assert b"can't decide about it" in alone.stderr
    assert said(remote, "tag") == ""
    assert (
        mission(home, "approvals", "approve", asked["id"], "--as", "bob", *reason).returncode == 0
    )
    # The remote is a directory here, which a confined step could not write.
    ended = mission(home, "resume", asked["run"], env={"MISSION_CONFINEMENT": "off"})
    assert ended.returncode == 0, ended.stderr.decode()
    assert said(remote, "rev-parse", "v1.0.0") == tag


def checked(tmp_path: Path, clone: Path, story: Any) -> None:
    async def whole(shop: Shop) -> None:
        await shop.save("release-check")
        await story(shop, await shop.run("release-check", repository=str(clone), tag="v1.0.0"))

    live(tmp_path / "home", whole)


@pytest.mark.slow
@pytest.mark.journey
def test_a_no_keeps_the_tag_here_and_fails_the_run(tmp_path: Path) -> None:
    clone, remote = released(tmp_path)

    async def story(shop: Shop, run: Any) -> None:
        ended = await shop.say("reject", run, "publish")
        assert ended.status == "failed"
        assert failure(ended, "publish").code == "approval.rejected"
        assert states(ended)["confirm"] == "blocked"
        assert said(remote, "tag") == ""

    checked(tmp_path, clone, story)


@pytest.mark.slow
@pytest.mark.journey
def test_what_remote_has_already_is_not_asked_for_again(tmp_path: Path) -> None:
    clone, _ = released(tmp_path)
    git(clone, "push", "-q", "origin", "v1.0.0")

    async def story(shop: Shop, run: Any) -> None:
        assert states(run)["publish"] == "skipped"
        assert shop.outputs(run)["published"] is True

    checked(tmp_path, clone, story)


@pytest.mark.journey
def test_failing_tests_fail_the_run_and_nobody_is_asked(tmp_path: Path) -> None:
    clone, remote = released(tmp_path, "self.assertEqual(add(1, 2), 4)")

    async def story(shop: Shop, run: Any) -> None:
        assert run.status == "failed"
        assert output(run, "test")["passed"] is False
        assert states(run)["publish"] == "skipped"
        assert "v1.0.0 is not fit to be published." in failure(run, "refuse").reason
        assert said(remote, "tag") == ""

    checked(tmp_path, clone, story)


@pytest.mark.journey
def test_a_tag_on_another_commit_is_told_with_everything_else_that_is_wrong(
    tmp_path: Path,
) -> None:
    clone, _ = released(tmp_path)
    manifest = clone / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"1.0.0"', '"1.1.0"'))
    git(clone, *WHO, "commit", "-qam", "Go on")
    (clone / "tiny" / "__init__.py").write_text("def add(a, b):\n    return b + a\n")

    async def story(shop: Shop, run: Any) -> None:
        reason = failure(run, "tag").reason
        assert "v1.0.0 is on commit" in reason
        assert "the version of the manifest, 1.1.0" in reason
        assert "The checkout differs from its commit: M tiny/__init__.py" in reason
        assert states(run)["publish"] == "blocked"

    checked(tmp_path, clone, story)
