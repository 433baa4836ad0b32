"""What the documents promise: links that resolve, commands that exist, codes that are explained."""

import re
from pathlib import Path

import pytest
import typer
import yaml

import benchmarks.__main__
import central.__main__
import simulators.__main__
import station.__main__
import verifier.__main__
from central.settings import load
from station.settings import read_settings

ROOT = Path(__file__).parents[2]
WRITTEN = sorted(
    [
        *ROOT.glob("*.md"),
        *(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "law"),
        ROOT / "docs/reference/law/index.md",
    ]
)
COMMANDS = {
    program.__name__.partition(".")[0]: typer.main.get_command(program.app)
    for program in (
        station.__main__,
        central.__main__,
        simulators.__main__,
        benchmarks.__main__,
    )
}
FAILURES = ROOT / "docs/howto/when-something-fails.md"


def slug(heading):
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return words.replace(" ", "-")


def anchors(path):
    return {
        slug(line.lstrip("#")) for line in path.read_text("utf-8").splitlines() if line[:1] == "#"
    }


def broken_links(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            yield target


def shown_commands(path):
    """Return what follows ``python -m`` in the document, as words, up to the end of the command."""
    text = path.read_text("utf-8")
    return [found.split() for found in re.findall(r"python -m ((?:\w+)[^\n`#<|…]*)", text)]


def unknown_part(words):
    """Return the first word of a command line that the programs do not know, None when all fit."""
    if words[0] == "verifier":
        known = re.findall(r"--\w+", verifier.__main__.parser().format_usage())
        return next((word for word in words if word[:2] == "--" and word not in known), None)
    if words[0] not in COMMANDS:
        return words[0]
    command = COMMANDS[words[0]]
    for word in words[1:]:
        if word.startswith("--"):
            known = {name for parameter in command.params for name in parameter.opts}
            if word.partition("=")[0] not in known:
                return word
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return word
            command = command.commands[word]
    return None


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path):
    assert list(broken_links(path)) == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_shown_exists(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    makes = re.findall(r"(?:^|`)make ([a-z]+)", path.read_text("utf-8"), re.M)
    unknown = [f"make {target}" for target in makes if target not in targets]
    unknown += [" ".join(words) for words in shown_commands(path) if unknown_part(words)]
    assert unknown == []


def test_a_command_that_is_not_there_is_found():
    assert unknown_part(["station", "run", "--config", "station.toml"]) is None
    assert unknown_part(["station", "fly"]) == "fly"
    assert unknown_part(["station", "run", "--fast"]) == "--fast"
    assert unknown_part(["verifier", "b.zip", "--register", "keys.json"]) is None
    assert unknown_part(["verifier", "b.zip", "--trust"]) == "--trust"


def test_both_readmes_show_the_same_commands():
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    shown = [[words[:2] for words in shown_commands(path)] for path in (english, chinese)]
    assert shown[0] == shown[1]
    assert len(shown[0]) > 10


def test_every_code_of_an_error_or_a_device_is_explained():
    """Codes are whatever messages.zh.yaml says; what is only a word of a page needs no advice."""
    messages = yaml.safe_load((ROOT / "station/contract/messages.zh.yaml").read_text("utf-8"))
    words = ("plate.", "export.", "central.", "value.", "keys.", "done.", "why.")
    codes = {code for code in messages if not code.startswith(words)} - {"ok"}
    explained = set(re.findall(r"`([a-z_.]+)`", FAILURES.read_text("utf-8")))
    assert codes - explained == set()


def test_configurations_of_the_readme_are_accepted(tmp_path):
    """Both languages, as they stand."""
    for readme in ("README.md", "README.zh-CN.md"):
        blocks = re.findall(r"```toml\n(.*?)```", (ROOT / readme).read_text("utf-8"), re.S)
        first, second = (tmp_path / "station.toml", tmp_path / "central.toml")
        first.write_text(blocks[0], "utf-8")
        second.write_text(blocks[1], "utf-8")
        assert read_settings(first).station.node == "linhe"
        assert [one.node for one in load(second).stations] == ["linhe"]


def test_configurations_of_the_containers_are_accepted():
    assert read_settings(ROOT / "docker/station.toml").station.listen == "0.0.0.0:8081"
    central = load(ROOT / "docker/central.toml")
    assert central.central.listen == "0.0.0.0:8080"
    assert central.machines.listen == "0.0.0.0:8443"
    assert [one.node for one in central.stations] == ["linhe"]


def test_the_compose_file_holds_no_password():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    secrets = [
        value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if "PASS" in name
    ]
    assert len(secrets) == 2
    assert all(value.startswith("${ZHICHAO_DB_PASSWORD:?") for value in secrets)
