"""Makes real git repositories for tests: files, commits by several people, on given days."""

import os
import subprocess
from pathlib import Path


class SampleRepository:
    """A git repository under `root` whose commits are the same every time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *args: str, **extra: str) -> str:
        environment = os.environ | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@secret.example",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@secret.example",
            **extra,
        }
        done = subprocess.run(
            ["git", *args],
            cwd=self.root,
            env=environment,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode()

    def put(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, subject: str, *, author: str = "Ada", day: str = "2024-01-01") -> None:
        moment = f"{day}T12:00:00+00:00"
        self.git("add", "--all")
        self.git(
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            subject,
            GIT_AUTHOR_NAME=author,
            GIT_AUTHOR_EMAIL=f"{author.lower()}@secret.example",
            GIT_AUTHOR_DATE=moment,
            GIT_COMMITTER_DATE=moment,
        )
