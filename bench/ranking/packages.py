"""Gets the sources that the histories are about, once, through the package registry."""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import platformdirs

PINNED = Path(__file__).with_name("packages.txt")
SECONDS_MAX = 300.0


def unpacked(name: str) -> Path:
    """Return the folder of a package's source distribution; it is kept from run to run.

    Raises:
        SystemExit: the registry does not hand it out.
    """
    kept = Path(platformdirs.user_cache_dir("missioncontrol")) / "sources" / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            archive = _downloaded(name, Path(folder))
            with tarfile.open(archive) as tar:
                tar.extractall(Path(folder) / "whole", filter="data")
            [inside] = (Path(folder) / "whole").iterdir()
            inside.rename(kept)
    return kept


def _downloaded(name: str, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    wanted.write_text(next(line for line in lines if line.startswith(f"{name}==")))
    command = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            *command,
            "--dest",
            str(folder),
            "--requirement",
            str(wanted),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} cannot be had from the package registry: {done.stderr.strip()[-500:]}")
    [archive] = folder.glob("*.tar.gz")
    return archive
