"""Documents are checked one by one, and become one page with checksums."""

import hashlib
from pathlib import Path

import pytest

from tests.examples.shop import Shop, failure, live, states

DOCUMENTS = {
    "README.md": (
        "# Start\n\nRead [the guide](guides/first.md#two-words) or [all of it](#start).\n\n"
        "```sh\n# no heading, and [no link](nowhere.md)\n```\n"
    ),
    "guides/first.md": (
        "# First <steps>\n\n- one\n  and *more*\n- `two`\n\n"
        "| a | b |\n| - | - |\n| 1 | <2> |\n\n"
        "## Two words\n\nBack to [it](../README.md).\n"
    ),
}
FAULTS = {
    "guides/second.md": (
        "# Second\n\n### Deep\n\n[gone](third.md), [no place](first.md#three), "
        "[elsewhere](https://example.org/x.md)\n"
    ),
}
LINK = "- guides/second.md:5: the link"


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.journey
def test_sound_documents_become_one_page_with_its_checksums(tmp_path: Path) -> None:
    source = written(tmp_path / "docs", DOCUMENTS)

    async def story(shop: Shop) -> None:
        await shop.save("document-pipeline")
        run = await shop.run(
            "document-pipeline",
            source=str(source),
            title="Ours & <yours>",
            publish_to=str(tmp_path / "site"),
        )
        outputs = shop.outputs(run)
        page = shop.file(run, "build", "handbook.html")
        assert outputs["documents"] == 2
        assert outputs["faults"] == 0
        assert outputs["page"] == hashlib.sha256(page.encode()).hexdigest()
        assert "<title>Ours &amp; &lt;yours&gt;</title>" in page
        assert '<h2 id="guides-first--two-words">Two words</h2>' in page
        assert '<a href="#guides-first--two-words">the guide</a>' in page
        assert '<a href="#README">it</a>' in page
        assert "<li>one and <em>more</em></li><li><code>two</code></li>" in page
        assert "<tr><td>a</td><td>b</td></tr><tr><td>1</td><td>&lt;2&gt;</td></tr>" in page
        assert "# no heading, and [no link](nowhere.md)" in page
        assert (tmp_path / "site" / "handbook.html").read_text("utf-8") == page
        sums = [line.split("  ") for line in shop.file(run, "manifest", "SHA256SUMS").splitlines()]
        assert [name for _, name in sums] == [
            "handbook.html",
            "documents/README.md",
            "documents/guides/first.md",
        ]
        for digest, name in sums[1:]:
            content = (source / name.removeprefix("documents/")).read_bytes()
            assert digest == hashlib.sha256(content).hexdigest()

    live(tmp_path / "home", story)


@pytest.mark.journey
def test_faults_are_told_with_their_lines_and_nothing_is_built(tmp_path: Path) -> None:
    source = written(tmp_path / "docs", DOCUMENTS | FAULTS)

    async def story(shop: Shop) -> None:
        await shop.save("document-pipeline")
        run = await shop.run("document-pipeline", source=str(source))
        assert run.status == "failed"
        assert shop.file(run, "faults", "faults.md").splitlines()[2:] == [
            "2 of 3 documents have none.",
            "",
            "- guides/second.md:3: 'Deep' skips a level below 'Second'",
            f"{LINK} 'first.md#three' leads to no heading of 'guides/first.md'",
            f"{LINK} 'third.md' leads to 'guides/third.md', which is not there",
        ]
        assert "Faults: 3; with strict=false" in failure(run, "refuse").reason
        assert states(run)["build"] == "skipped"
        lenient = await shop.fork(run, "faults", strict=False)
        assert shop.outputs(lenient)["faults"] == 3
        assert states(lenient)["publish"] == "skipped"
        assert "Deep" in shop.file(lenient, "build", "handbook.html")

    live(tmp_path / "home", story)
