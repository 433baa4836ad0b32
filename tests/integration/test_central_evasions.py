"""Evasion cases at headquarters: made from the entries, the same again, and nobody's invention."""

import asyncpg
import pytest

from central.application.comparing import compared
from central.application.rebuild import rebuild
from central.application.recheck import Recheck
from central.domain.access import ALL
from central.store.comparing import SqlComparisons
from central.store.reading import SqlReading
from station.rules.lawbook import lawbook
from tests.fakes import NOON
from tests.migration.audit_kit import free_hand
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]

SENT = {"to": "public_security", "body": "某公安分局", "letter_no": "移1", "reason": "暴力抗法"}
ANSWER = {"receipt_no": "回1", "result": "punished"}
ROWS = "SELECT * FROM evasion ORDER BY node, evasion_no"


@pytest.fixture
async def hq(database):
    made = Headquarters(database, FakeStation(), FakeStation("dashuncheng", key=7))
    await made.enrol()
    return made


@pytest.fixture
def linhe(hq):
    return hq.stations[0]


@pytest.fixture
def reading(database):
    return SqlReading(database)


async def alarms(hq):
    return [code for (code,) in await hq.rows("SELECT code FROM alarm ORDER BY alarm_id")]


def fine(station, number="T1"):
    """Fine a driver who ran the barrier, up to the payment."""
    notice = {"facts": "冲卡", "rights_told": "是", "fine_fen": 5000, "hearing_until": "2026-02-27"}
    station.report_evasion(number)
    station.act_on_evasion("notify", "notified", number, **notice)
    station.act_on_evasion("hear", "heard", number, statement="无", review="成立")
    station.act_on_evasion("decide", "decided", number, fine_fen=5000, reason="冲卡")
    days = {"served_on": "2026-03-01", "pay_by": "2026-03-16"}
    station.act_on_evasion("serve", "served", number, received="本人", **days)
    paid = {"receipt_no": "缴1", "amount_fen": 5000, "paid_on": "2026-03-01"}
    station.act_on_evasion("pay", "paid", number, **paid)


async def test_an_evasion_is_no_over_limit_case_and_is_counted_nowhere(hq, linhe, reading):
    linhe.report_evasion()
    await hq.accept(linhe.batch())

    (shown,) = await reading.evasions(ALL, closed=False, limit=9)
    assert (shown.node, shown.file.evasion_no, shown.file.stage.value) == ("linhe", "T1", "open")
    assert shown.transfer is None
    assert await reading.cases(ALL, closed=None, limit=9) == []
    _, counted = await reading.counts(ALL, NOON.date())
    assert (counted.passages, counted.violations, counted.cases_opened) == (0, 0, 0)
    assert await alarms(hq) == ["evasion.opened"]


@pytest.mark.parametrize(
    ("acts", "state", "answer"),
    [
        ([("transfer", "transferred", SENT)], "waiting", ("", "")),
        (
            [("transfer", "transferred", SENT), ("note_answer", "answered", ANSWER)],
            "answered",
            ("回1", "punished"),
        ),
        (
            [
                ("transfer", "transferred", SENT),
                ("take_back", "open", {"receipt_no": "退1", "reason": "不属管辖"}),
            ],
            "returned",
            ("退1", ""),
        ),
    ],
)
async def test_the_newest_transfer_is_shown_with_its_answer(hq, linhe, acts, state, answer):
    linhe.report_evasion(deed="violence")
    for act, stage, details in acts:
        linhe.act_on_evasion(act, stage, **details)
    await hq.accept(linhe.batch())

    (shown,) = await SqlReading(hq.database).evasions(ALL, closed=False, limit=9)
    sent = shown.transfer
    assert (sent.to, sent.body, sent.letter_no) == ("public_security", "某公安分局", "移1")
    assert (sent.state, (sent.receipt_no, sent.result)) == (state, answer)


async def test_a_fine_of_its_own_goes_to_its_end(hq, linhe, reading):
    fine(linhe)
    linhe.act_on_evasion("close", "paid")
    await hq.accept(linhe.batch())

    (shown,) = await reading.evasions(ALL, closed=True, limit=9)
    assert (shown.file.stage.value, shown.file.fine_fen, shown.file.closed) == ("paid", 5000, True)
    assert await hq.rows("SELECT count(*) FROM decision") == [(0,)]
    assert await alarms(hq) == ["evasion.opened", "evasion.acted"]


async def test_what_the_table_forbids_has_no_effect_but_an_alarm(hq, linhe, reading):
    linhe.report_evasion(deed="violence")
    linhe.act_on_evasion("transfer", "transferred", **SENT)
    linhe.act_on_evasion("decide", "decided", fine_fen=5000, reason="某")  # while handed over
    linhe.act_on_evasion("note_answer", "paid", **ANSWER)  # another stage than it leads to
    linhe.act_on_evasion("note_answer", "answered", officers=("R1", "R1"), **ANSWER)
    linhe.act_on_evasion("transfer", "transferred", "T404", **SENT)
    linhe.report_evasion(deed="damage")  # its number is taken
    await hq.accept(linhe.batch())

    (shown,) = await reading.evasions(ALL, closed=None, limit=9)
    assert shown.file.stage.value == "transferred"
    refused = ["case.act_refused"] * 3
    assert await alarms(hq) == [
        "evasion.opened",
        "evasion.acted",
        *refused,
        "case.unknown",
        "evidence.malformed",
    ]


async def test_each_officer_is_shown_the_stations_of_his_scope(hq, reading):
    for station in hq.stations:
        station.report_evasion()
        await hq.accept(station.batch())

    assert len(await reading.evasions(ALL, closed=None, limit=9)) == 2
    his = await reading.evasions(ALL.narrowed("linhe"), closed=None, limit=9)
    assert [one.node for one in his] == ["linhe"]


async def test_a_rebuild_comes_to_the_same_rows_and_an_audit_names_a_changed_one(
    hq, linhe, postgres
):
    fine(linhe)
    linhe.report_evasion("T2", deed="violence")
    linhe.act_on_evasion("transfer", "transferred", "T2", **SENT)
    await hq.accept(linhe.batch())
    before = await hq.rows(ROWS)
    assert len(before) == 2

    await rebuild(hq.archive, Recheck(lawbook()), lambda _: None)

    assert await hq.rows(ROWS) == before
    comparisons = SqlComparisons(hq.database)
    assert await compared(comparisons, Recheck(lawbook())) == []
    name = await hq.database.fetchval("SELECT current_database()")
    insider = await asyncpg.connect(postgres.dsn_of("postgres", name))
    await free_hand(insider)
    await insider.execute("UPDATE evasion SET fine_fen = 1 WHERE evasion_no = 'T1'")
    await insider.close()
    (found,) = await compared(comparisons, Recheck(lawbook()))
    assert (found.code, found.node, found.seq, found.detail) == ("evasion", "linhe", 6, "T1")


UNLAWFUL = {
    "a report by nobody": (
        "INSERT INTO evasion SELECT node, 'T9', deed, plate, place, occurred_at, opened_at, "
        "passage_id, 'open', false, NULL, NULL, file, 1 FROM evasion WHERE evasion_no = 'T1'",
        "reported",
    ),
    "another deed": (
        "UPDATE evasion SET deed = 'detour', seq = seq + 1 WHERE evasion_no = 'T2'",
        "opened with",
    ),
    "handed over by no act": (
        "UPDATE evasion SET stage = 'transferred' WHERE evasion_no = 'T2'",
        "go back",
    ),
    "an act of another case": (
        "UPDATE evasion SET stage = 'paid', seq = 99 WHERE evasion_no = 'T2'",
        "no act",
    ),
    "a stage that the act does not say": (
        "UPDATE evasion SET stage = 'paid', seq = 8 WHERE evasion_no = 'T2'",
        "does not say",
    ),
    "another fine": (
        "UPDATE evasion SET stage = 'open', fine_fen = 1, seq = 8 WHERE evasion_no = 'T2'",
        "does not say",
    ),
    "closed by no act": (
        "UPDATE evasion SET closed_on = '2026-03-01', seq = 8 WHERE evasion_no = 'T2'",
        "does not say",
    ),
    "held by no act": (
        "UPDATE evasion SET held = true, seq = 8 WHERE evasion_no = 'T2'",
        "does not say",
    ),
    "an act of one officer": (
        "UPDATE evasion SET seq = 9 WHERE evasion_no = 'T2'",
        "two officers",
    ),
    "none at all": ("TRUNCATE evasion", "append-only"),
}


@pytest.mark.parametrize(("change", "why"), UNLAWFUL.values(), ids=UNLAWFUL)
async def test_a_row_that_no_entry_makes_is_refused(hq, linhe, change, why):
    fine(linhe)
    linhe.report_evasion("T2")  # seq 7
    await hq.accept(linhe.batch())
    evidence = {"digest": "0" * 64, "what": "照片"}
    linhe.act_on_evasion("add_evidence", "open", "T2", **evidence)
    linhe.act_on_evasion("add_evidence", "open", "T2", ("R1", "R1"), **evidence)
    await hq.taking(linhe.batch(first=8), "linhe")  # not projected yet

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=why):
        await hq.database.execute(change)
