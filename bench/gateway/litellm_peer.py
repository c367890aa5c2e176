"""LiteLLM's proxy in a virtual environment of its own, where it can be installed."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import platformdirs

VERSION = "1.109.1"
FOLDER = Path(platformdirs.user_cache_dir("missioncontrol")) / "bench" / "litellm"
KEY = "sk-bench-1234567890"
INSTALL_SECONDS_MAX = 600
ASKED = "from importlib.metadata import version; import litellm.proxy; print(version('litellm'))"


def version() -> str:
    """Return the installed version, after an attempt to install it; empty where that fails."""
    return _found() or _installed()


def program() -> str:
    """Return the program that serves."""
    return str(FOLDER / "bin" / "litellm")


def _found() -> str:
    python = FOLDER / "bin" / "python"
    if not python.exists() or not Path(program()).exists():
        return ""
    done = subprocess.run([python, "-c", ASKED], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _installed() -> str:
    try:
        venv.create(FOLDER, with_pip=True, clear=True)
        subprocess.run(
            [FOLDER / "bin" / "python", "-m", "pip", "install", "-q", f"litellm[proxy]=={VERSION}"],
            check=True,
            timeout=INSTALL_SECONDS_MAX,
            capture_output=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"    LiteLLM can't be installed here: {error}", file=sys.stderr)
    return _found()


def configuration(upstream: int, folder: Path) -> Path:
    """Write what it reads: one model at our upstream, a master key, and no logging."""
    path = folder / "litellm.yaml"
    model = {
        "model_name": "gpt-4o",
        "litellm_params": {
            "model": "openai/gpt-4o",
            "api_base": f"http://127.0.0.1:{upstream}/v1",
            "api_key": "x",
        },
    }
    settings = {
        "model_list": [model],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0},
    }
    path.write_text(json.dumps(settings))
    return path


def environment() -> dict[str, str]:
    """Return an environment that keeps it off the network, and at its production log level."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_TELEMETRY": "False",
        "NO_PROXY": "127.0.0.1",
    }
