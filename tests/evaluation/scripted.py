"""A scripted agent: it works in its directory and does what its arguments say, without a model."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from tests.evaluation.solutions import MARKS, OBVIOUS, SOLUTIONS, Replaced


def put(files: dict[str, str | list[Replaced]]) -> None:
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        for old, new in content:
            assert old in text, (name, old)
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def scenario() -> str:
    return next(name for name, mark in MARKS.items() if Path(mark).exists())


def _told() -> tuple[str, list[str]]:
    what, *more = Path("do.txt").read_text().split()
    return what, more


def uses(tokens: int) -> None:
    used = {"input_tokens": tokens, "output_tokens": 1}
    print(json.dumps({"type": "usage", "usage": used}), flush=True)


def do(what: str, more: list[str]) -> int:  # noqa: C901 - a closed set of ways to behave
    name = scenario()
    match what:
        case "as-told":  # What the scenario itself says.
            return do(*_told())
        case "solve":
            put(SOLUTIONS[name])
        case "obvious":
            put(OBVIOUS.get(name, {"odd.txt": "x\n"}))
        case "some":  # Solves those that are named.
            put(SOLUTIONS[name] if name in more else {"odd.txt": "x\n"})
        case "by-seed":
            put(SOLUTIONS[name] if int(os.environ["MISSION_EVAL_SEED"]) % 2 else {"odd.txt": "x\n"})
        case "nothing":
            print("All done.")
        case "hang":
            put(SOLUTIONS[name])
            time.sleep(600)
        case "overspend":
            put(SOLUTIONS[name])
            uses(900_000)
            time.sleep(5)
        case "die":
            put(SOLUTIONS[name])
            return 3
        case "slowly":  # Says that it has begun, and waits until so many may end.
            place = Path(more[0])
            with (place / "begun").open("a") as file:
                file.write(f"{more[1]}\n")
            number = len((place / "begun").read_text().splitlines())
            while int((place / "go").read_text() or 0) < number:
                time.sleep(0.02)
            put(SOLUTIONS[name])
        case "remove":  # What would be looked at.
            put({"odd.txt": "x\n"})
            shutil.rmtree(Path.cwd() / more[0])
        case "cheat":
            put(SOLUTIONS[name])
            put({more[0]: more[1]})
        case "hook":
            put({"odd.txt": "x\n"})
            hook = Path(".git/hooks/post-checkout")
            hook.parent.mkdir(parents=True, exist_ok=True)
            hook.write_text(f"#!/bin/sh\ntouch {more[0]}\n")
            hook.chmod(0o755)
            subprocess.run(["git", "config", "core.fsmonitor", str(hook.absolute())], check=True)
            subprocess.run(["git", "config", "filter.x.clean", str(hook.absolute())], check=True)
            put({".gitattributes": "* filter=x\n"})
        case "linger":
            put({"odd.txt": "x\n"})
            program = f"import time\nopen({more[0]!r}, 'w').write('x')\ntime.sleep(600)\n"
            subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
            while not Path(more[0]).exists():
                time.sleep(0.02)
        case "link":
            Path(".held").symlink_to(more[0])
            put(SOLUTIONS[name])
        case "leave-early":  # Before a check that imports it has looked.
            put({next(iter(OBVIOUS[name])): "import os\nos._exit(0)\n"})
        case "tell":
            context = {key: os.environ.get(key, "") for key in ("HOME", "MISSION_EVAL_SEED", "TZ")}
            context |= {"task": sys.stdin.read(), "cwd": str(Path.cwd())}
            Path(more[0]).write_text(json.dumps(context))
            put(SOLUTIONS[name])
    return 0


if __name__ == "__main__":
    sys.exit(do(sys.argv[1], sys.argv[2:]))
