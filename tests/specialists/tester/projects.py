"""Small projects to try plans on, and wheels that pip finds in a directory."""

import importlib.metadata
import zipfile
from pathlib import Path

import msgspec

from missioncontrol.domain.estimates import Likely, LikelyFile, Spot
from missioncontrol.domain.plan import Plan, Requirement
from tests.agents.repositories import PYTEST_ALONE
from tests.specialists.small_mission import PLAN

SHOP = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1.2"\n[tool.pytest.ini_options]\n'
    + PYTEST_ALONE,
    "src/shop/__init__.py": "",
    "src/shop/prices.py": (
        "RATE = 2\n"
        "\n"
        "\n"
        "def total(prices):\n"
        "    return sum(prices)\n"
        "\n"
        "\n"
        "def discount(price, rate):\n"
        "    return price - price * rate\n"
        "\n"
        "\n"
        "class Basket:\n"
        "    def add(self, price):\n"
        "        return total([price])\n"
    ),
    "tests/test_prices.py": (
        "from shop.prices import Basket, total\n"
        "def test_total(): assert total([1, 2]) == 3\n"
        "def test_basket(): assert Basket().add(2) == 2\n"
    ),
    "tests/test_far.py": "def test_far(): assert False\n",
}
PURE = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")


def written(root: Path, files: dict[str, str]) -> Path:
    """Write `files` below `root` and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def plan(*spots: Spot, tests: tuple[str, ...] = ("tests/test_prices.py",), asks: str = "") -> Plan:
    """Return a plan that begins at src/shop/prices.py."""
    file = LikelyFile("src/shop/prices.py", 1.0, ("says so",), spots, tests)
    found = msgspec.structs.replace(PLAN, likely=(Likely("R1", (file,)),))
    return (
        msgspec.structs.replace(found, requirements=(Requirement("R1", asks),)) if asks else found
    )


def wheel(
    place: Path,
    name: str,
    version: str,
    files: dict[str, str | bytes],
    needs: tuple[str, ...] = (),
) -> None:
    """Write a wheel of `files` for every Python, which needs others."""
    info = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {each}\n" for each in needs)
    held: dict[str, str | bytes] = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    held[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*held, f"{info}/RECORD"])
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place / f"{name}-{version}-py3-none-any.whl", "w") as file:
        for path, text in held.items():
            file.writestr(path, text)


def installed_wheels(place: Path) -> None:
    """Write pytest, and what it needs, as wheels: as they are installed for these tests."""
    for name in PURE:
        found = importlib.metadata.distribution(name)
        files: dict[str, str | bytes] = {
            str(path): path.read_binary()
            for path in found.files or ()
            if ".dist-info" not in str(path)
            and not str(path).startswith("..")
            and "__pycache__" not in str(path)
        }
        points = found.read_text("entry_points.txt")
        info = f"{name}-{found.version}.dist-info/entry_points.txt"
        held = {**files, **({info: points} if points else {})}
        wheel(place, name, found.version, held, PURE[1:] if name == "pytest" else ())
