"""The verifier runs where nothing of the project is, says it to a person, and never falls over."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verifier
from station.contract.bundle import bundle_files
from tests.verifier.corpus import made, offline
from tests.verifier.forging import Hand
from tests.verifier.openssl import PROGRAM
from verifier.check import check
from verifier.refusal import sentences, shown

SOURCE = Path(verifier.__file__).parent
GOOD = made(5)
ALONE = """
import runpy, sys
sys.path.insert(0, ".")
runpy.run_module("verifier", alter_sys=True, run_name="__main__")
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("expert")
    shutil.copytree(SOURCE, folder / "verifier", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bundle.zip").write_bytes(GOOD.zip)
    (folder / "offline.zip").write_bytes(offline(GOOD).zip)
    (folder / "bad.zip").write_bytes(GOOD.zip[:-1])
    (folder / "keys.json").write_bytes(GOOD.keys)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", ALONE, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_in_chinese_that_a_bundle_passes(elsewhere: Path) -> None:
    done = run(elsewhere, "bundle.zip", "--register", "keys.json")
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.startswith("通过\n")
    assert GOOD.bundle.case_no in done.stdout


def test_it_says_in_chinese_what_is_wrong_and_where(elsewhere: Path) -> None:
    done = run(elsewhere, "bad.zip", "--register", "keys.json")
    assert done.returncode == 1
    assert done.stdout.startswith("不通过\n")
    assert "[archive.form]" in done.stdout


def test_it_says_what_a_pass_without_the_log_is_worth(elsewhere: Path) -> None:
    assert run(elsewhere, "offline.zip", "--register", "keys.json").returncode == 1
    done = run(elsewhere, "offline.zip", "--register", "keys.json", "--offline")
    assert done.returncode == 0
    assert done.stdout.startswith("通过（未经公证日志证明）\n")


def test_a_program_reads_one_object(elsewhere: Path) -> None:
    done = run(elsewhere, "bundle.zip", "--register", "keys.json", "--json")
    said = json.loads(done.stdout)
    assert said.keys() == {"ok", "code", "where", "reason", "checked"}
    assert (said["ok"], said["code"]) == (True, "passed")
    bad = json.loads(run(elsewhere, "bad.zip", "--register", "keys.json", "--json").stdout)
    assert (bad["ok"], bad["code"], bad["checked"]) == (False, "archive.form", {})


@pytest.mark.parametrize("words", [("no.zip", "--register", "keys.json"), (".", "--register", "x")])
def test_a_file_that_is_not_there_is_a_reason_too(elsewhere: Path, words: tuple[str, ...]) -> None:
    done = run(elsewhere, *words, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "file.unreadable"


def test_it_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    for path in SOURCE.glob("*.py"):
        for name in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.MULTILINE):
            assert name in {*sys.stdlib_module_names, "verifier", "cryptography"}, path.name


def test_the_handbook_explains_every_code() -> None:
    text = (SOURCE / "README.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `([a-z_.]+)`", text, re.MULTILINE))
    said = {code for code in sentences() if not code.startswith(("word.", "passed"))}
    assert explained == said


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_give_a_reason(data: bytes) -> None:
    for bundle in (data, b"PK\x03\x04" + data):
        assert check(bundle, GOOD.keys).ok is False
    assert check(GOOD.zip, data).code == "register.malformed"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=8)
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@cache
def files() -> dict[str, bytes]:
    return bundle_files(GOOD.bundle)


def changed_somewhere(tree: object, value: object, steps: list[int]) -> object:
    """Put *value* in the place of something within *tree*."""
    if not steps or not isinstance(tree, dict | list) or not tree:
        return value
    if isinstance(tree, list):
        place = steps[0] % len(tree)
        return [
            changed_somewhere(item, value, steps[1:]) if n == place else item
            for n, item in enumerate(tree)
        ]
    name = sorted(tree)[steps[0] % len(tree)]
    return {**tree, name: changed_somewhere(tree[name], value, steps[1:])}


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_any_json_in_any_place_gives_a_result(data: st.DataObject) -> None:
    names = ("entries.jsonl", "receipts.json", "personal.json", "missing.json", "manifest", "keys")
    name = data.draw(st.sampled_from(names))
    value, steps = data.draw(json_values), data.draw(st.lists(st.integers(0, 30), max_size=5))
    hand = Hand(GOOD).as_station()
    keys = hand.keys()
    if name == "keys":
        keys = json.dumps(changed_somewhere(json.loads(keys), value, steps)).encode()
    elif name == "manifest":
        stated = sorted(["format", "case_no", "node", "made_at", "made_by", "key_id", "alg"])
        if not isinstance(value, float):
            hand.manifest[stated[sum(steps) % len(stated)]] = value
    elif name == "entries.jsonl":
        lines = files()[name].decode().splitlines()
        place = sum(steps) % len(lines)
        lines[place] = text_of(changed_somewhere(json.loads(lines[place]), value, steps))
        hand.files[name] = "".join(f"{line}\n" for line in lines).encode()
    else:
        tree = changed_somewhere(json.loads(files()[name]), value, steps)
        hand.files[name] = text_of(tree).encode()
    check(bundle_of(hand), keys, offline=data.draw(st.booleans()))


def text_of(tree: object) -> str:
    return json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def bundle_of(hand: Hand) -> bytes:
    try:
        return hand.zip()
    except (TypeError, UnicodeEncodeError):  # a number beyond 64 bits: the sealing refuses it
        hand.manifest.clear()
        return hand.zip()


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_json_in_a_signed_body_gives_a_result(data: st.DataObject) -> None:
    value, steps = data.draw(json_values), data.draw(st.lists(st.integers(0, 30), max_size=6))
    hand = Hand(GOOD).as_station()
    lines = hand.lines()
    place = sum(steps) % len(lines)
    body = changed_somewhere(json.loads(str(lines[place]["body"])), value, steps)
    lines[place]["body"] = text_of(body)
    hand.files["entries.jsonl"] = "".join(f"{text_of(line)}\n" for line in lines).encode()
    check(bundle_of(hand), hand.keys(), offline=data.draw(st.booleans()))


def test_json_nested_without_end_gives_a_reason() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    hand = Hand(GOOD)
    for name in ("receipts.json", "personal.json", "missing.json", "entries.jsonl"):
        hand.become(GOOD).files[name] = deep + b"\n" * (name == "entries.jsonl")
        assert check(hand.zip(), hand.keys()).ok is False
    assert check(GOOD.zip, deep).code == "register.malformed"


def test_what_a_stranger_wrote_does_not_move_the_cursor() -> None:
    assert shown("\x1b[2J通过\u202e") == "�[2J通过�"
    assert len(shown("x" * 10_000)) == 201


@pytest.mark.skipif(PROGRAM is None and "CI" not in os.environ, reason="openssl is not installed")
@pytest.mark.parametrize("seed", [3, 5, 8])
def test_the_handbooks_commands_say_the_same_by_hand(tmp_path: Path, seed: int) -> None:
    good = made(seed)
    (tmp_path / "bundle.zip").write_bytes(good.zip)
    (tmp_path / "keys.json").write_bytes(good.keys)
    text = (SOURCE / "README.md").read_text("utf-8")
    block = re.search(r"```bash\n(.*?)```", text, re.DOTALL)
    assert block is not None
    # unzip is not on every machine that tests; what it does is not what is tested.
    unzip = "python3 -m zipfile -e bundle.zip bundle"
    command = block[1].replace("unzip -q bundle.zip -d bundle", unzip)
    last = len(good.bundle.entries)
    done = subprocess.run(
        ["bash", "-c", command.replace("LINE=1", f"LINE={last}")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stdout.splitlines() if "Failure" not in line]
    signed = "Signature Verified Successfully"
    assert said == ["digests good", signed, signed, "root good", signed], done.stderr
