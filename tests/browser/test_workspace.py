"""What the web workspace promises without a browser."""

import ast
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from tests.browser.chromium import missing
from web.build import ROOT, WEB, accepted, find_node

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ADDRESS = re.compile(r"https?://[^\s\"'`)]+")
# Namespaces of XML and links in messages of libraries for developers: named, never fetched.
NAMED = ("http://www.w3.org/", "https://vuejs.org/", "https://element-plus.org/")


def sources():
    for part in ("shared", "station", "central"):
        for path in (WEB / part).rglob("*"):
            if path.suffix in (".vue", ".ts", ".html", ".css") and "i18n" not in path.parts:
                yield path


def test_chinese_for_people_stands_only_in_i18n():
    found = {
        str(path.relative_to(WEB)): words
        for path in sources()
        if (words := CHINESE.findall(_without_comments(path)))
    }
    assert found == {}


def _without_comments(path):
    text = re.sub(r"<!--.*?-->|/\*.*?\*/", "", path.read_text(), flags=re.S)
    return re.sub(r"//.*", "", text)


def test_the_lock_holds_no_address_and_pins_every_package():
    lock = (WEB / "package-lock.json").read_text()
    assert not re.search(r"https?:", lock)
    assert not re.search(r'"resolved": "(?!(shared|station|central)")', lock)


def test_direct_dependencies_are_pinned_exactly():
    text = (WEB / "package.json").read_text()
    packages = ast.literal_eval(text.replace("true", "True").replace("false", "False"))
    versions = {**packages["dependencies"], **packages["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


@pytest.mark.parametrize("package", ["station.api", "central.api"])
def test_the_built_page_names_no_other_host(package):
    static = Path(str(files(package))) / "static"
    if not (static / "index.html").is_file():
        missing("the pages are not built: run make web")
    named = {
        address
        for path in static.rglob("*")
        if path.suffix in (".html", ".css", ".js", ".svg")
        for address in ADDRESS.findall(path.read_text())
        if not address.startswith(NAMED)
    }
    assert named == set()


@pytest.mark.parametrize("node", ["station", "central"])
def test_the_types_are_those_of_the_described_interface(node, tmp_path):
    generator = WEB / "node_modules/openapi-typescript/bin/cli.js"
    if not generator.is_file():
        missing("the workspace is not installed: run make web")
    described = ROOT / f"docs/reference/{node}-api.openapi.json"
    made = tmp_path / "made.d.ts"
    command = [str(find_node().program), str(generator), str(described), "-o", str(made)]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    assert made.read_text() == (WEB / f"shared/src/api/{node}.d.ts").read_text()


@pytest.mark.parametrize(
    ("version", "runs"),
    [
        ((20, 18), False),
        ((20, 19), True),
        ((21, 7), False),
        ((22, 11), False),
        ((22, 12), True),
        ((24, 0), True),
    ],
)
def test_the_build_takes_only_a_node_that_vite_runs_on(version, runs):
    assert accepted(version) is runs


def test_the_root_is_the_checkout():
    assert (ROOT / "pyproject.toml").is_file()
