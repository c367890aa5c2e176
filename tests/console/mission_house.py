"""A small repository, and a mission on it that has ended, for tests that look at missions."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from tests.console.houses import House

GOAL = "Add discount codes to the cart"
DECIDING_GOAL = "Keep discount codes of the cart in Redis"
"""One whose plan has something to decide."""

FILES = {
    "src/shop/__init__.py": '"""A small shop."""\n',
    "src/shop/cart.py": (
        '"""A cart."""\n\n\nclass Cart:\n    """Holds items."""\n\n'
        "    def __init__(self):\n        self.items = []\n\n"
        "    def add(self, name, price):\n        self.items.append((name, price))\n\n"
        "    def total(self):\n        return sum(price for _, price in self.items)\n"
    ),
    "README.md": "# Shop\n",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "0.1.0"\n',
}


def small_repository(root: Path) -> Path:
    """Make a git repository with one commit under `root`."""
    repository = root / "shop"
    for name, text in FILES.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "A cart"],
    ):
        subprocess.run(["git", *words], cwd=repository, check=True)
    return repository


async def ended(house: House, run: str) -> Any:
    """Wait until a run has ended, and return its row."""
    while True:
        await house.console.present.catch_up()
        row = house.console.present.board.run(run)
        if row is not None and row.ended:
            return row
        await asyncio.sleep(0.02)
