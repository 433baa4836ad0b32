"""The directions of the house: kept as they are, and each refuses a planted wrong import."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).parent / "lint-imports"

PLANTED = [
    ("station/domain/units.py", "import central", "Top level"),
    ("station/domain/units.py", "import station.store.database", "Station layers"),
    ("station/store/media.py", "import station.api.feed", "Station layers"),
    ("station/newroom/__init__.py", "", "Station layers"),
    ("central/domain/days.py", "import central.api.schemas", "Central layers"),
    ("central/newroom/__init__.py", "", "Central layers"),
    ("central/api/shaping.py", "import station.store.database", "Central sees only"),
    ("central/bootstrap/keys.py", "import station.uplink.http_centre", "Central sees only"),
    ("station/rules/decide.py", "import logging", "The pure core"),
    ("station/contract/entries.py", "import asyncio", "The pure core"),
    ("central/domain/days.py", "import asyncpg", "The pure core"),
    ("central/witness/asking.py", "import central.domain.days\nimport asyncpg", "A witness"),
    ("central/witness/asking.py", "import central.application.accept", "A witness"),
    ("station/scale_driver/protocols/yaohua.py", "import serial", "Scale protocols"),
]


def lint(folder):
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for package in settings["tool"]["importlinter"]["root_packages"]:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=shutil.ignore_patterns("static", "__pycache__", "law", "*.csv"),
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_house_keeps_its_directions():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("place", "wrong", "contract"), PLANTED)
def test_a_planted_wrong_import_is_refused(copy, place, wrong, contract):
    path = copy / place
    before = path.read_text("utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or "") + f"\n{wrong}\n", "utf-8")
    try:
        result = lint(copy)
    finally:
        if before is None:
            shutil.rmtree(path.parent)
        else:
            path.write_text(before, "utf-8")
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert result.returncode != 0, result.stdout
    assert any(line.startswith(contract) for line in broken), result.stdout
