"""Finds the machine's Chromium; nothing is ever downloaded."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Without a screen there is no preview of a print; Chromium's page dies of looking for one.
    "--disable-print-preview",
]


def chromium() -> str:
    """Return the path of a Chromium; skip the test, or fail in CI, when there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("no Chromium on this machine: apt-get install -y chromium fonts-noto-cjk")
    return found


def missing(reason: str) -> NoReturn:
    """Skip for *reason*; in CI nothing is skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
