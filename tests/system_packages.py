"""Make sure of the Debian packages that some tests need; run by ``make test``, ``make torture``.

Arguments: some of PACKAGES, all of them when there is none. Standard library only. As root on a
Debian machine it installs what is missing; elsewhere it says what will be skipped and why. Always
exit status 0: the tests decide (in CI a missing browser or tracer fails them).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FONTS = Path("/usr/share/fonts")
PACKAGES = (
    "chromium",
    "fonts-noto-cjk",
    "gcc",
    "libc6-dev",
    "nftables",
    "openssl",
    "poppler-utils",
    "strace",
)


def main(wanted: Sequence[str]) -> int:
    """Install what is missing of *wanted*, or say what it means."""
    missing = _missing(wanted)
    if not missing:
        return 0
    if _may_install():
        _say(f"installing {', '.join(missing)}")
        _install(missing)
        missing = _missing(wanted)
    if missing:
        _say(
            f"missing: {', '.join(missing)}. Without chromium the browser tests are skipped,"
            " without strace and nftables some torture tests, without openssl the second opinion"
            " on signatures, without poppler-utils what documents say, without gcc and libc6-dev a"
            " benchmark's test and what breaks disks and clocks in the torture suite (they fail in"
            " CI); without Chinese fonts the pictures of the browser"
            " tests show empty boxes. As root:"
            f" apt-get install -y {' '.join(missing)}"
        )
    return 0


def _missing(wanted: Sequence[str]) -> list[str]:
    have = {
        "chromium": any(shutil.which(name) for name in BROWSERS),
        "fonts-noto-cjk": _has_chinese_font(),
        "gcc": any(shutil.which(name) for name in ("gcc", "cc")),
        "libc6-dev": Path("/usr/include/stdio.h").exists(),
        "openssl": shutil.which("openssl") is not None,
        "poppler-utils": shutil.which("pdftotext") is not None,
        "strace": shutil.which("strace") is not None,
        "nftables": shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None,
    }
    return [name for name in wanted if not have[name]]


def _has_chinese_font() -> bool:
    lister = shutil.which("fc-list")
    if lister is None:
        return any(FONTS.glob("**/NotoSansCJK*"))
    found = subprocess.run([lister, ":lang=zh-cn"], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if done.returncode != 0:
            _say(f"{' '.join(command[:2])} failed: {done.stderr.decode(errors='replace')[-400:]}")
            return


def _say(text: str) -> None:
    sys.stdout.write(f"system packages: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PACKAGES))
