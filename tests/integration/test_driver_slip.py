"""The driver's way to his page: on one print of the slip, and nowhere else."""

import os
import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest

from station.contract.driver_page import grouped, page_code, page_digest, page_token
from station.contract.entries import DocumentPrinted, read
from station.documents.qr import square
from tests.papers import CASE_NO, Desk, made_press, road

SITE = "https://pages.example/d/"
renders = pytest.mark.skipif(
    shutil.which("pdftoppm") is None and "CI" not in os.environ,
    reason="needs pdftoppm (Debian: poppler-utils)",
)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


def read_square(pdf, folder):
    """Return what a reader of QR codes finds on the first page; from nearer, if not at once.

    OpenCV's reader fails at one of a hundred codes in one size, and reads it in another.
    """
    return next(filter(None, (seen(pdf, folder, dpi) for dpi in (150, 200, 300))), "")


def seen(pdf, folder, dpi):
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", "-", str(folder / "page")],
        input=pdf,
        check=True,
    )
    found, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.imread(str(folder / "page.png")))
    return found


async def printed(desk, press):
    """Open a case and print its slip; return the PDF and the entry of the print."""
    await desk.open()
    view = await desk.issue("weighing_slip")
    pdf, _ = await desk.desk(press=press).printed(view.issued.number, road())
    (newest,) = (
        one
        for one in [read(entry)[1] for entry in await desk.store.entries_after(0, 100)]
        if isinstance(one, DocumentPrinted)
    )
    return pdf, newest


@renders
async def test_the_square_on_a_print_opens_the_page_that_the_ledger_commits_to(desk, tmp_path):
    pdf, entry = await printed(desk, made_press(pages=SITE))
    site, _, code = read_square(pdf, tmp_path).partition("#")
    token = page_token(code)
    assert site == SITE
    assert page_digest(token) == entry.page


@renders
async def test_without_a_site_the_square_is_the_receipt(desk, tmp_path):
    pdf, entry = await printed(desk, made_press())
    assert entry.page == ""
    receipt = (await desk.documents.case_entries(CASE_NO))[0]
    assert read_square(pdf, tmp_path) == f"linhe-{receipt.seq}-{receipt.digest[:10]}"


@renders
async def test_neither_ledger_nor_kept_file_holds_what_opens_the_page(desk, tmp_path):
    pdf, _ = await printed(desk, made_press(pages=SITE))
    code = read_square(pdf, tmp_path).partition("#")[2]
    token = page_token(code)
    secrets = (code.encode(), grouped(code).encode(), token, token.hex().encode())
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            held = path.read_bytes()
            assert not any(secret in held for secret in secrets), path.name


@renders
async def test_what_is_kept_bears_no_square(desk, tmp_path):
    await desk.open()
    view = await desk.issue("weighing_slip")
    assert read_square(await desk.issuing.kept(view.issued.number), tmp_path) == ""


async def test_each_print_has_another_and_other_documents_have_none(desk):
    await desk.open()
    slip = await desk.issue("weighing_slip")
    issuing = desk.desk(press=made_press(pages=SITE))
    for _ in range(2):
        await issuing.printed(slip.issued.number, road())
    payloads = [read(entry)[1] for entry in await desk.store.entries_after(0, 100)]
    pages = [one.page for one in payloads if isinstance(one, DocumentPrinted)]
    assert len(set(pages)) == 2
    assert "" not in pages


@pytest.mark.parametrize("number", [0, 1, 2**127, 2**128 - 1])
def test_a_code_is_read_as_people_copy_it(number):
    token = number.to_bytes(16)
    code = page_code(token)
    assert len(code) == 26
    for typed in (code, code.lower(), f" {grouped(code)} ", code.replace("0", "o")):
        assert page_token(typed) == token


@pytest.mark.parametrize("typed", ["", "A" * 25, "A" * 27, "U" * 26, "Z" * 26, "查" * 26])
def test_what_is_no_code_is_none(typed):
    assert page_token(typed) is None


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_square_is_read_back(seed):
    token = np.random.default_rng(seed).bytes(16)
    text = f"{SITE}#{page_code(token)}"
    assert read_drawn(text) == text


def read_drawn(text):
    """Draw the code's path by hand, and read it."""

    svg = square(text)
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    field = np.full((size, size), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1", svg):
        field[int(y), int(x)] = 0
    readings = (
        cv2.QRCodeDetector().detectAndDecode(
            cv2.resize(field, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST)
        )[0]
        for times in (6, 4, 10, 3)  # this reader misses one in some dozens at a single size
    )
    return next((one for one in readings if one), "")
