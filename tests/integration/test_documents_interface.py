"""Documents over the interface: what is due, issuing, reading, printing, and refusals."""

import hashlib
from datetime import date
from urllib.parse import quote

import pytest

from station.application.ports import Account
from station.domain.officers import Role
from tests.fakes import officer
from tests.integration.test_station_console import HASHED, PEOPLE, Console, open_case

CASE = "/api/cases/LINHE202603010001"
NUMBER = "临河检〔2026〕0001号"
SLIP = {"kind": "weighing_slip"}


@pytest.fixture
async def console(tmp_path):
    made = Console(tmp_path)
    for person in PEOPLE:
        await made.accounts.put_account(Account(officer=person, password_hash=HASHED))
    await open_case(made)
    yield made
    made.close()


def document(number, ending=".pdf"):
    return f"/api/documents/{quote(number)}{ending}"


async def test_a_document_is_due_then_issued_then_read_then_printed(console):
    client = await console.signed_in("R1")
    before = (await client.get(f"{CASE}/documents")).json()
    assert before["issued"] == []
    assert [(one["kind"], one["act"], one["authority"]) for one in before["due"]] == [
        ("weighing_slip", "opened", "road")
    ]

    issued = (await client.post(f"{CASE}/documents", json=SLIP)).json()
    after = (await client.get(f"{CASE}/documents")).json()
    assert after == {"issued": [issued], "due": []}
    assert issued["receipt"].startswith("linhe-3-")

    reader = await console.signed_in("P1")
    kept = await reader.get(document(issued["number"]))
    assert kept.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(kept.content).hexdigest() == issued["sha256"]

    printed = await client.post(document(issued["number"], "/prints"))
    assert (printed.status_code, printed.headers["x-print-no"]) == (200, "1")
    assert printed.headers["cache-control"] == "no-store"
    (now,) = (await client.get(f"{CASE}/documents")).json()["issued"]
    assert now == {**issued, "prints": 1}


@pytest.mark.parametrize(
    ("who", "asked", "status", "code"),
    [
        ("P1", SLIP, 409, "case.wrong_authority"),
        ("H1", SLIP, 403, "access.not_permitted"),
        ("R1", {"kind": "order_to_correct"}, 409, "document.not_due"),
        ("R1", {"kind": "letter"}, 404, "not_found"),
        ("R1", {}, 422, "facts.invalid"),
    ],
)
async def test_what_is_refused_says_why_in_chinese(console, who, asked, status, code):
    client = await console.signed_in(who)
    answer = await client.post(f"{CASE}/documents", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


async def test_it_is_not_issued_twice(console):
    client = await console.signed_in("R1")
    issued = (await client.post(f"{CASE}/documents", json=SLIP)).json()
    again = await client.post(f"{CASE}/documents", json=SLIP)
    assert again.status_code == 409
    assert issued["number"] in again.json()["message"]


async def test_nobody_reads_or_issues_without_signing_in(console):
    client = console.client()
    for answer in (
        await client.get(f"{CASE}/documents"),
        await client.get(document(NUMBER)),
        await client.post(f"{CASE}/documents", json=SLIP),
        await client.post(document(NUMBER, "/prints")),
    ):
        assert answer.status_code == 401


async def test_a_number_that_there_is_not(console):
    client = await console.signed_in("R1")
    assert (await client.get(document(NUMBER))).status_code == 404
    assert (await client.post(document(NUMBER, "/prints"))).status_code == 404


async def test_a_role_that_does_not_watch_sees_no_documents(console):
    transport = officer("T1", Role.TRANSPORT, date(2026, 12, 31))
    await console.accounts.put_account(Account(officer=transport, password_hash=HASHED))
    client = await console.signed_in("T1")
    assert (await client.get(f"{CASE}/documents")).status_code == 403
