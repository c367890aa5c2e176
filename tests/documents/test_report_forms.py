"""Markdown, JSON and zip: the same story, the same bytes each time, digests that agree."""

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.documents.report import (
    outcome_sentence,
    report_html,
    report_json,
    report_markdown,
    report_zip,
)
from missioncontrol.domain.work import Usage
from tests.documents.records import USED, every_kind, redis_run

KINDS = tuple(every_kind())
PRINT_DIGESTS = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from tests.documents.records import redis_run
from missioncontrol.documents.report import report_html, report_json, report_markdown, report_zip
made = redis_run()
read = made.store.read
forms = (report_html(made.record, read).encode(), report_markdown(made.record, read).encode(),
         report_json(made.record), report_zip(made.record, read))
sys.stdout.write(" ".join(hashlib.sha256(form).hexdigest() for form in forms))
"""


def unpacked(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_form_is_the_same_bytes_in_another_process_place_and_language() -> None:
    def digests(seed: str, zone: str, language: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        command = [sys.executable, "-c", PRINT_DIGESTS, str(Path(__file__).parents[2])]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return ran.stdout

    here = digests("1", "UTC", "C.UTF-8")
    assert len(here.split()) == 4
    assert digests("2", "Australia/Lord_Howe", "C") == here


@pytest.mark.parametrize("kind", KINDS)
def test_the_zip_holds_every_form_and_a_manifest_of_true_digests(kind: str) -> None:
    made = every_kind()[kind]
    files = unpacked(report_zip(made.record, made.store.read))
    manifest: dict[str, Any] = msgspec.json.decode(files.pop("manifest.json"))
    assert {one["path"] for one in manifest["entries"]} == set(files)
    for one in manifest["entries"]:
        assert hashlib.sha256(files[one["path"]]).hexdigest() == one["sha256"]
        assert len(files[one["path"]]) == one["size"]
    assert manifest["missing"] == []
    assert files["report.html"].decode() == report_html(made.record, made.store.read)
    assert files["report.md"].decode() == report_markdown(made.record, made.store.read)
    assert files["report.json"] == report_json(made.record)


def test_the_zip_holds_artifacts_by_task_and_events_with_hashes() -> None:
    made = redis_run()
    files = unpacked(report_zip(made.record, made.store.read))
    assert b"RedisSessionInterface" in files["artifacts/specification/specification.md"]
    assert len([name for name in files if name.startswith("artifacts/")]) == 11
    lines = [msgspec.json.decode(line) for line in files["events.jsonl"].splitlines()]
    assert [line["hash"] for line in lines] == [event.hash for event in made.record.events]
    assert lines[1]["previous"] == lines[0]["hash"]


def test_an_artifact_that_is_gone_is_named_in_the_manifest() -> None:
    made = redis_run()
    gone = next(one for one in made.record.tasks if one.task.key == "survey").work.artifacts[0]
    del made.store.contents[gone.digest]
    manifest = msgspec.json.decode(
        unpacked(report_zip(made.record, made.store.read))["manifest.json"]
    )
    (missing,) = manifest["missing"]
    assert missing["name"] == "survey.json"
    assert missing["sha256"] == gone.digest
    assert gone.digest[:12] in missing["reason"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_json_form_holds_the_record_and_what_was_computed(kind: str) -> None:
    record = every_kind()[kind].record
    report = msgspec.json.decode(report_json(record))
    assert next(iter(report)) == "schema"
    assert report["schema"] == "missioncontrol.report/1"
    assert report["outcome"]["sentence"] == outcome_sentence(record)
    assert report["chain"]["head"] == record.events[-1].hash
    assert report["usage"] == {
        "input_tokens": 0,
        "cached_tokens": 0,
        "output_tokens": 0,
        "reasoning_tokens": 0,
        "cache_write_tokens": 0,
        "cost": 0,
    }
    assert msgspec.convert(report["record"], type(record)) == record


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_of_the_markdown_form_leads_somewhere(kind: str) -> None:
    made = every_kind()[kind]
    text = report_markdown(made.record, made.store.read)
    anchors = re.findall(r'<a id="([^"]+)"></a>', text)
    assert len(anchors) == len(set(anchors))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    headings = {re.sub(r"[^a-z0-9]+", "-", one.lower()) for one in titles}
    targets = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert targets <= set(anchors) | headings
    assert text.startswith("# ")
    assert outcome_sentence(every_kind()[kind].record) in re.sub(
        r"\[([^]]*)\]\(#[^)]*\)", r"\1", text
    )


def test_cost_adds_up_and_an_unknown_price_stays_unknown() -> None:
    made = redis_run()
    tasks = list(made.record.tasks)
    for number, usage in ((0, USED), (1, Usage(10, 0, 5, 0, None))):
        tried = msgspec.structs.replace(tasks[number].attempts[0], usage=usage)
        tasks[number] = msgspec.structs.replace(tasks[number], attempts=(tried,))
    known = msgspec.structs.replace(
        made.record, tasks=(tasks[0], *made.record.tasks[1:]), usage=USED
    )
    unknown = msgspec.structs.replace(made.record, tasks=tuple(tasks), usage=USED)
    assert "$0.184021" in report_html(known, made.store.read)
    assert "different total" not in report_html(known, made.store.read)
    assert msgspec.json.decode(report_json(unknown))["usage"]["cost"] is None
    page = report_html(unknown, made.store.read)
    assert ">unknown<" in page
    assert "records a different total" in page
