"""What officers get wrong, row by row: a stable code, a clear reason in Chinese, nothing half done.

Through the real interface of a station: its answer, and the ledger as long as before.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from station.application.ports import Account, Draft
from station.contract.entries import Kind
from station.domain.officers import Role
from tests.fakes import officer
from tests.integration.test_station_console import (
    DECIDED,
    HASHED,
    OPENED,
    PEOPLE,
    TOLD,
    Console,
    accepted,
    clear,
    heard,
    open_case,
)

FINE = {"kind": "fine", "fine_fen": 50000, "points": 3}
BAND = {"fine_yuan": [500, 2000], "points": 3}
CASE = OPENED.case_no


@pytest.fixture
async def console(tmp_path):
    made = Console(tmp_path)
    for person in PEOPLE:
        await made.accounts.put_account(Account(officer=person, password_hash=HASHED))
    yield made
    made.close()


async def opened(console):
    await open_case(console)
    await console.signed_in("R2")
    return await console.signed_in("R1")


async def unloading(console):
    road = await opened(console)
    await console.act(road, "order_to_correct", "R2", plate="蒙L12345")
    await console.act(road, "begin_unloading", "R2", method="转运", place="场")
    return road


async def weighed_on_an_expired_scale(console):
    road = await unloading(console)
    again = clear("p2", 0)
    expired = msgspec.structs.replace(
        again.weighing, certificate_until="2026-02-28", evidence=False
    )
    await console.store.append(
        Draft(Kind.PASSAGE, msgspec.structs.replace(again, weighing=expired))
    )
    return road


async def told(console):
    return await accepted(console, **BAND)


async def handed_over(console):
    await accepted(console, **BAND)
    return await console.signed_in("R1")


async def in_a_year_without_holidays(console):
    """Road administration always offers a hearing, and its last day is counted."""
    road = await opened_off_site(console)
    await console.act(road, "accept", "R2")
    console.clock.move(timedelta(days=365 * 4))
    await valid_until(console, 2035)
    await console.signed_in("R2")
    return await console.signed_in("R1")


async def opened_off_site(console):
    alone = msgspec.structs.replace(OPENED, mode="offsite", penal="road")
    await console.store.append(
        Draft(Kind.PASSAGE, clear("p1", 12000)), Draft(Kind.CASE_OPENED, alone)
    )
    await console.signed_in("R2")
    return await console.signed_in("R1")


async def valid_until(console, year):
    for number in ("R1", "R2"):
        person = officer(number, Role.ROAD, PEOPLE[0].valid_until.replace(year=year))
        await console.accounts.put_account(Account(officer=person, password_hash=HASHED))


async def over_midnight(console, number):
    """Open a case an hour before the last day of an officer's certificate is over, and wait."""
    person = officer(number, Role.ROAD, console.clock.now().date())
    await console.accounts.put_account(Account(officer=person, password_hash=HASHED))
    console.clock.move(timedelta(hours=11))  # 23:00 in Shanghai
    road = await opened(console)
    console.clock.move(timedelta(hours=1))
    return road


async def over_the_firsts_last_day(console):
    return await over_midnight(console, "R1")


async def over_the_seconds_last_day(console):
    return await over_midnight(console, "R2")


async def unverified(console):
    police = await heard(console)
    console.time = "unverified"
    return police


@dataclass(frozen=True)
class Row:
    """Bring a case there, ask for that, and be refused with this."""

    before: object
    act: str
    said: dict
    status: int
    code: str
    reason: str
    second: str = "R2"
    personal: dict = field(default_factory=dict)


ORDER = {"plate": "蒙L12345"}
ROWS = {
    "the officer's certificate has run out": Row(
        over_the_firsts_last_day,
        "order_to_correct",
        ORDER,
        403,
        "access.certificate_expired",
        "执法证R1有效期至2026-03-01，已过期",
    ),
    "the second officer's certificate has run out": Row(
        over_the_seconds_last_day,
        "order_to_correct",
        ORDER,
        403,
        "access.certificate_expired",
        "执法证R2有效期至2026-03-01，已过期",
    ),
    "the scale's certificate ran out before the re-check": Row(
        weighed_on_an_expired_scale,
        "recheck",
        {"passage_id": "p2"},
        422,
        "facts.invalid",
        "衡器检定证书已过期",
    ),
    "a decision by a clock that nobody has verified": Row(
        unverified, "decide", DECIDED, 409, "case.clock_unverified", "时钟未经中心核验", "P2"
    ),
    "an act out of order": Row(
        opened, "release", {}, 409, "case.illegal_transition", "不能办理“放行”"
    ),
    "the same act twice": Row(
        unloading, "order_to_correct", ORDER, 409, "case.illegal_transition", "不能办理“责令改正”"
    ),
    "another plate than the case's is confirmed": Row(
        opened,
        "order_to_correct",
        {"plate": "蒙L54321"},
        422,
        "facts.invalid",
        "与案件号牌不一致",
    ),
    "no person has that number": Row(
        opened,
        "order_to_correct",
        ORDER,
        422,
        "facts.identity_number",
        "“身份证号”不正确",
        personal={"driver_id_no": "110105194912310021"},
    ),
    "the plate is corrected after the hand-over": Row(
        handed_over,
        "correct_plate",
        {"plate": "蒙L54321", "reason": "看错"},
        409,
        "case.illegal_transition",
        "不能办理“更正号牌”",
    ),
    "a fine one fen below the band": Row(
        told,
        "notify",
        {**TOLD, **FINE, "fine_fen": 49999},
        422,
        "facts.invalid",
        "罚款应在500元至2000元之间",
        "P2",
    ),
    "a fine one fen above the band": Row(
        told,
        "notify",
        {**TOLD, **FINE, "fine_fen": 200001},
        422,
        "facts.invalid",
        "罚款应在500元至2000元之间",
        "P2",
    ),
    "other points than follow": Row(
        told,
        "notify",
        {**TOLD, **FINE, "points": 6},
        422,
        "facts.invalid",
        "该违法行为依法记3分",
        "P2",
    ),
    "more than a cycle's points where the facts leave them open": Row(
        lambda console: accepted(console, fine_yuan=[500, 2000], points=None),
        "notify",
        {**TOLD, **FINE, "points": 13},
        422,
        "facts.invalid",
        "一次记分不超过12分",
        "P2",
    ),
    "heavier than was told": Row(
        heard,
        "decide",
        {**DECIDED, "fine_fen": 50001},
        422,
        "facts.invalid",
        "“罚款”重于已告知",
        "P2",
    ),
    "a year without its holidays": Row(
        in_a_year_without_holidays,
        "notify",
        {**TOLD, "kind": "fine", "fine_fen": 100000, "points": 0},
        409,
        "law.calendar_unknown",
        "没有2030年的放假调休安排",
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_what_is_wrong_is_refused_in_plain_words_and_nothing_is_half_done(console, row):
    client = await row.before(console)
    before = await console.store.head(), await console.store.case(CASE)

    asked = {"act": row.act, "second_officer": row.second, "details": row.said}
    answer = await client.post(f"/api/cases/{CASE}/acts", json={**asked, "personal": row.personal})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (row.status, row.code), body
    assert row.reason in body["message"]
    assert re.search(r"[a-z]{3,} [a-z]{2,}", body["message"]) is None  # no English to an officer
    assert (await console.store.head(), await console.store.case(CASE)) == before


async def test_of_two_officers_at_once_one_does_it_and_the_other_is_told_so(console):
    await open_case(console)
    for number in ("R3", "R4"):
        person = officer(number, Role.ROAD)
        await console.accounts.put_account(Account(officer=person, password_hash=HASHED))
    clients = {number: await console.signed_in(number) for number in ("R1", "R2", "R3", "R4")}
    before = (await console.store.head()).seq

    answers = await asyncio.gather(
        console.act(clients["R1"], "order_to_correct", "R2", **ORDER),
        console.act(clients["R3"], "order_to_correct", "R4", **ORDER),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = max(answers, key=lambda answer: answer.status_code).json()
    assert refused["code"] == "case.illegal_transition"
    assert "“已责令改正、未移交、车辆未放行”" in refused["message"]
    assert (await console.store.head()).seq == before + 1
    assert len((await console.store.case(CASE)).history) == 1


async def test_a_scale_whose_certificate_runs_out_later_has_weighed_rightly(console):
    """The day of the weighing counts; by the decision its certificate may have run out."""
    police = await heard(console)
    first = (await console.store.passage("p1")).passage.weighing
    assert first.evidence
    console.clock.move(timedelta(hours=1))
    assert (await console.act(police, "decide", "P2", **DECIDED)).status_code == 200
