"""Documents of a real case on the real store: what they state, who issues them, their numbers."""

import asyncio
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from station.contract.entries import DocumentIssued, DocumentPrinted, read
from station.contract.media import media_of
from station.contract.messages import message
from station.documents.papers import value
from station.documents.registry import registry
from station.domain.errors import (
    DocumentChanged,
    DocumentIncomplete,
    DocumentIssuedBefore,
    DocumentNotDue,
    DocumentNumberTaken,
    NotFound,
    NotPermitted,
    StoreFull,
    WrongAuthority,
)
from station.domain.procedure import Act
from station.store.branches import SqliteBranches
from station.store.marks import MEDIA_SENT
from station.store.recordings import SqliteRecordings
from station.store.sqlfile import load
from tests.acts import TO_DECISION
from tests.papers import CASE_NO, DRIVER, USUAL, Desk, made_press, police, road

FORMS = registry("bayannur").forms
reads_pdf = pytest.mark.skipif(
    shutil.which("pdftotext") is None and "CI" not in os.environ,
    reason="needs pdftotext (Debian: poppler-utils)",
)
UNTIL_NOTICE = TO_DECISION[: TO_DECISION.index(Act.NOTIFY)]
WRITER = """
import asyncio
from pathlib import Path
from tests.papers import Desk

async def main():
    desk = Desk(Path({path!r}))
    for number in range(10_000):
        await desk.open(f"C{{number:05d}}", f"p{{number}}")
        made = await desk.issue("weighing_slip")
        print(made.issued.number, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


async def every_document(desk):
    """Issue whatever is due along a usual case, and a decision on the spot in another."""
    made = {}

    async def sweep():
        for kind in sorted(await desk.due()):
            if kind in await desk.due():
                made.setdefault(kind, await desk.issue(kind))

    await desk.open()
    await sweep()
    for act in USUAL:
        await desk.act(act)
        await sweep()
    await desk.open("LINHE202603010002", "another")
    await desk.go(*UNTIL_NOTICE)
    await desk.act(Act.NOTIFY, fine_fen=20000)
    await desk.act(Act.WAIVE)
    await desk.act(Act.DECIDE, fine_fen=20000)
    await desk.act(Act.TAKE_EFFECT)
    made["simple_decision"] = await desk.issue("simple_decision")
    return made


def run(script):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def killed_after(folder, documents):
    """Let another process issue documents; kill it after so many; return the numbers it told."""
    script = WRITER.format(path=str(folder))
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as child:
        told = [child.stdout.readline().strip() for _ in range(documents)]
        child.send_signal(signal.SIGKILL)
        return told + child.stdout.read().split()


def text_of(pdf):
    """Return the text that a reader finds in a PDF, without any white space."""
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return re.sub(r"[\s\u200b]", "", done.stdout.decode())


def stated(shown, path):
    """Return a required value as it stands on paper."""
    found = value(shown, path)
    name = path.rpartition(".")[2]
    if name in ("at", "certificate_until", "pay_by", "served_on"):
        year, month, day = str(found)[:10].split("-")
        return f"{year}年{int(month)}月{int(day)}日"
    if name == "fine_fen":
        return f"{found // 100}元"
    words = {"fine": "罚款", "direct": "直接送达", "not_due": "未达到应当告知听证的标准"}
    return re.sub(r"\s", "", words.get(str(found), str(found)))


@reads_pdf
async def test_every_document_states_what_the_law_asks_and_the_receipt_of_its_act(desk):
    made = await every_document(desk)
    assert set(made) == set(FORMS)
    for kind, view in made.items():
        text = text_of(await desk.issuing.kept(view.issued.number))
        shown = await desk.shown(view)
        for path in FORMS[kind].required:
            assert stated(shown, path) in text, (kind, path)
        assert re.sub(r"\s", "", view.issued.number) in text
        assert FORMS[kind].title in text
        assert shown["step"]["receipt"] in text, kind
        assert "签名" in text, kind


async def test_the_same_record_gives_the_same_bytes_and_another_process_too(desk, tmp_path):
    await desk.open()
    view = await desk.issue("weighing_slip")
    script = f"""
import asyncio, hashlib
from pathlib import Path
from tests.papers import Desk

async def main():
    desk = Desk(Path({str(tmp_path / "other")!r}))
    await desk.open()
    view = await desk.issue("weighing_slip")
    print(hashlib.sha256(await desk.issuing.kept(view.issued.number)).hexdigest())
    desk.close()

asyncio.run(main())
"""
    other = await asyncio.to_thread(run, script)
    kept = await desk.issuing.kept(view.issued.number)
    assert other == hashlib.sha256(kept).hexdigest() == view.issued.sha256
    assert b"pdfaid:part" in kept


async def test_what_came_later_does_not_change_a_document(desk):
    handed_over = USUAL.index(Act.HAND_OVER) + 1
    await desk.open()
    await desk.go(*USUAL[: handed_over - 1])
    await desk.issue("weigh_and_unload_form")
    await desk.go(Act.HAND_OVER)
    sheet = await desk.issue("hand_over_sheet")
    await desk.go(*USUAL[handed_over:])
    _, print_no = await desk.issuing.printed(sheet.issued.number, road())
    assert print_no == 1


@reads_pdf
async def test_what_is_kept_says_nothing_of_a_person_and_a_print_names_him(desk):
    await desk.open()
    await desk.go(*UNTIL_NOTICE, Act.NOTIFY)
    view = await desk.issue("prior_notice")
    kept = text_of(await desk.issuing.kept(view.issued.number))
    printed, _ = await desk.issuing.printed(view.issued.number, police())
    for text in DRIVER.values():
        assert text not in kept
        assert text in text_of(printed)
    again, print_no = await desk.issuing.printed(view.issued.number, police())
    assert print_no == 2
    assert "重印件第2次打印" in text_of(again)
    assert "重印件" not in text_of(printed)


async def test_a_print_leaves_a_trace_and_the_kept_bytes_stay(desk):
    await desk.open()
    view = await desk.issue("weighing_slip")
    kept = await desk.issuing.kept(view.issued.number)
    for _ in range(2):
        await desk.issuing.printed(view.issued.number, road())
    entries = [read(entry)[1] for entry in await desk.store.entries_after(0, 100)]
    prints = [one for one in entries if isinstance(one, DocumentPrinted)]
    assert [one.print_no for one in prints] == [1, 2]
    assert await desk.issuing.kept(view.issued.number) == kept
    (issued,) = (await desk.issuing.of_case(CASE_NO)).issued
    assert issued.prints == 2


async def test_a_document_whose_form_changed_is_not_filled_in_anew(desk):
    await desk.open()
    view = await desk.issue("weighing_slip")
    other = desk.desk(press=made_press(name="另一检测站"))
    with pytest.raises(DocumentChanged):
        await other.printed(view.issued.number, road())
    assert (await other.kept(view.issued.number)).startswith(b"%PDF")


async def test_numbers_run_without_gaps_under_concurrency(desk):
    numbers = []
    for n in range(4):
        await desk.open(f"C{n}", f"p{n}")
    desks = [desk.desk() for _ in range(2)]  # two desks, each with a lock of its own

    async def issue(n):
        while True:
            try:
                view = await desks[n % 2].issue(f"C{n}", "weighing_slip", road())
            except DocumentNumberTaken:
                continue
            numbers.append(view.issued.number)
            return

    await asyncio.gather(*(issue(n) for n in range(4)))
    assert sorted(numbers) == [f"临河检〔2026〕{n:04d}号" for n in range(1, 5)]


async def test_each_kind_and_each_year_has_its_own_series(desk):
    await desk.open()
    assert (await desk.issue("weighing_slip")).issued.number == "临河检〔2026〕0001号"
    await desk.go(Act.ORDER_TO_CORRECT)
    assert (await desk.issue("order_to_correct")).issued.number == "临河责改〔2026〕0001号"
    desk.clock.move(timedelta(days=306))  # 2027 in Beijing
    await desk.open("C2", "p2")
    assert (await desk.issue("weighing_slip")).issued.number == "临河检〔2027〕0001号"


async def test_a_number_that_was_not_written_is_taken_by_the_next(desk):
    class Full(type(desk.media)):
        async def keep(self, data):
            raise StoreFull("no space")

    await desk.open()
    full = Full(desk.media._folder)
    with pytest.raises(StoreFull):
        await desk.desk(media=full).issue(CASE_NO, "weighing_slip", road())
    full.close()
    assert (await desk.issue("weighing_slip")).issued.serial == 1


async def test_numbers_have_no_gap_after_a_kill(tmp_path):
    told = await asyncio.to_thread(killed_after, tmp_path, 5)
    desk = Desk(tmp_path)
    try:
        entries = [read(entry)[1] for entry in await desk.store.entries_after(0, 1000)]
        issued = [one for one in entries if isinstance(one, DocumentIssued)]
        assert [one.serial for one in issued] == list(range(1, len(issued) + 1))
        assert [one.number for one in issued][: len(told)] == told
        for one in issued:
            assert hashlib.sha256(await desk.issuing.kept(one.number)).hexdigest() == one.sha256
        await desk.open("LATER", "later")
        assert (await desk.issue("weighing_slip")).issued.serial == len(issued) + 1
    finally:
        desk.close()


async def test_only_the_right_authority_issues_and_prints(desk):
    await desk.open()
    with pytest.raises(WrongAuthority):
        await desk.issuing.issue(CASE_NO, "weighing_slip", police())
    slip = await desk.issue("weighing_slip")
    with pytest.raises(WrongAuthority):
        await desk.issuing.printed(slip.issued.number, police())
    await desk.go(*UNTIL_NOTICE, Act.NOTIFY)
    with pytest.raises(WrongAuthority):
        await desk.issuing.issue(CASE_NO, "prior_notice", road())
    desk.clock.move(timedelta(days=5 * 366))  # certificates have run out
    with pytest.raises(NotPermitted):
        await desk.issuing.issue(CASE_NO, "prior_notice", police())


async def test_a_document_is_issued_once_about_an_act_and_not_before_it(desk):
    await desk.open()
    with pytest.raises(DocumentNotDue):
        await desk.issuing.issue(CASE_NO, "decision", police())
    with pytest.raises(NotFound):
        await desk.issuing.issue(CASE_NO, "letter", road())
    with pytest.raises(NotFound):
        await desk.issuing.issue("NOBODY", "weighing_slip", road())
    await desk.issue("weighing_slip")
    with pytest.raises(DocumentIssuedBefore):
        await desk.issuing.issue(CASE_NO, "weighing_slip", road())
    await desk.go(Act.ORDER_TO_CORRECT, Act.BEGIN_UNLOADING, Act.RECHECK_OVER)
    assert (await desk.issue("weighing_slip")).issued.act == "recheck_over"


async def test_no_decision_is_issued_before_the_centre_confirmed_it(desk):
    await desk.open()
    await desk.go(*TO_DECISION)
    assert "decision" not in await desk.due()
    await desk.act(Act.TAKE_EFFECT)
    assert "decision" in await desk.due()
    await desk.act(Act.WITHDRAW)
    assert not {"decision", "simple_decision", "joint_handling"} & await desk.due()


@pytest.mark.parametrize(("fine", "on_the_spot"), [(20000, True), (20100, False)])
async def test_on_the_spot_is_decided_up_to_the_limit_and_not_above(desk, fine, on_the_spot):
    await desk.open()
    await desk.go(*UNTIL_NOTICE)
    await desk.act(Act.NOTIFY, fine_fen=fine)
    await desk.act(Act.WAIVE)
    await desk.act(Act.DECIDE, fine_fen=fine)
    await desk.act(Act.TAKE_EFFECT)
    assert ("simple_decision" in await desk.due()) is on_the_spot
    await desk.issue("decision")
    assert "simple_decision" not in await desk.due()


async def test_a_document_that_cannot_state_what_it_must_is_not_issued(desk):
    blank = made_press(offices={**registry("bayannur").offices, "road": _Nobody()})
    await desk.open()
    await desk.go(Act.ORDER_TO_CORRECT)
    with pytest.raises(DocumentIncomplete):
        await desk.desk(press=blank).issue(CASE_NO, "order_to_correct", road())
    assert (await desk.issue("order_to_correct")).issued.serial == 1


@reads_pdf
@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (20000, "200元（大写：贰佰元整）"),
        (101000, "1010元（大写：壹仟零壹拾元整）"),
        (200000, "2000元（大写：贰仟元整）"),
        (1000500, "10005元（大写：壹万零伍元整）"),
        (3000000, "30000元（大写：叁万元整）"),
        (123450, "1234.5元（大写：壹仟贰佰叁拾肆元伍角）"),
    ],
)
async def test_an_amount_stands_in_figures_and_in_words(desk, fen, words):
    await desk.open()
    await desk.go(*UNTIL_NOTICE)
    await desk.act(Act.NOTIFY, fine_fen=fen)
    view = await desk.issue("prior_notice")
    assert words in text_of(await desk.issuing.kept(view.issued.number))


@reads_pdf
async def test_road_administration_that_penalises_names_its_own_law(desk):
    await desk.open(penal="road")
    await desk.go(*(act for act in TO_DECISION if act is not Act.HAND_OVER), Act.TAKE_EFFECT)
    view = await desk.issue("decision")
    text = text_of(await desk.issuing.kept(view.issued.number))
    assert "《公路安全保护条例》第六十四条、《超限运输车辆行驶公路管理规定》第四十三条" in text
    assert "第九十二条" not in text


@reads_pdf
@pytest.mark.parametrize(
    ("act", "words"),
    [(Act.BAR, "同一违法行为已有生效处罚，不再处罚"), (Act.NOT_PUNISH, "不予处罚：违法行为轻微")],
)
async def test_the_joint_document_says_why_nobody_is_fined(desk, act, words):
    await desk.open()
    await desk.go(*(TO_DECISION if act is Act.BAR else TO_DECISION[:-1]), act)
    view = await desk.issue("joint_handling")
    assert words in text_of(await desk.issuing.kept(view.issued.number))


@reads_pdf
async def test_who_refuses_to_unload_is_handed_over_with_his_refusal(desk):
    await desk.open()
    await desk.go(Act.ORDER_TO_CORRECT, Act.RECORD_REFUSAL)
    form = await desk.issue("weigh_and_unload_form")
    await desk.act(Act.HAND_OVER)
    sheet = await desk.issue("hand_over_sheet")
    for view in (form, sheet):
        text = text_of(await desk.issuing.kept(view.issued.number))
        assert "拒不改正：驾驶人锁车离开，拒不卸载。" in text


@reads_pdf
@pytest.mark.parametrize(
    ("kind", "word", "order"),
    [
        ("perishable", "鲜活农产品", "非严重影响安全，不扣留车辆"),
        ("live", "活畜禽", "非严重影响安全，不扣留车辆"),
        ("dangerous", "危险货物", "危险货物不在本站卸载"),
        ("indivisible", "不可解体的大件货物", "无从部分卸载"),
    ],
)
async def test_goods_that_are_not_unloaded_like_others_are_named_in_the_papers(
    desk, kind, word, order
):
    await desk.open()
    await desk.act(Act.ORDER_TO_CORRECT, cargo="西红柿", cargo_kind=kind)
    told = text_of(await desk.issuing.kept((await desk.issue("order_to_correct")).issued.number))
    assert order in told
    await desk.act(Act.BEGIN_UNLOADING, arrangement="货主派车转运")
    text = text_of(await desk.issuing.kept((await desk.issue("unloading_notice")).issued.number))
    for shown in (told, text):
        assert f"西红柿（{word}）" in shown
    assert "货主派车转运" in text


@reads_pdf
async def test_a_hand_over_names_the_weighing_form_as_it_was_numbered_and_waits_for_it(desk):
    await desk.open()
    await desk.go(*TO_DECISION[: TO_DECISION.index(Act.HAND_OVER) + 1])
    with pytest.raises(DocumentIncomplete) as caught:
        await desk.issue("hand_over_sheet")
    shown = message(caught.value.code, caught.value.fields)
    assert "须先制发称重和卸载单" in shown
    form = await desk.issue("weigh_and_unload_form")
    sheet = await desk.issue("hand_over_sheet")
    assert form.issued.number in text_of(await desk.issuing.kept(sheet.issued.number))
    # What is issued afterwards does not change it, though it is of the same kind.
    await desk.go(Act.SEND_BACK, Act.RECHECK_CLEAR)
    later = await desk.issue("weigh_and_unload_form")
    printed, _ = await desk.issuing.printed(sheet.issued.number, road())
    assert later.issued.number not in text_of(printed)
    assert form.issued.number in text_of(printed)


@reads_pdf
async def test_text_is_never_read_as_markup(desk):
    text = '#panic("x")*a*_b_$c$]#{'
    await desk.open()
    await desk.go(*UNTIL_NOTICE)
    await desk.act(Act.NOTIFY, facts=text)
    view = await desk.issue("prior_notice")
    assert text in text_of(await desk.issuing.kept(view.issued.number)).replace("”", '"')


async def test_what_is_kept_of_a_document_is_sent_to_the_centre_and_never_erased(desk):
    await desk.open()
    view = await desk.issue("weighing_slip")
    assert media_of(view.issued) == (view.issued.sha256,)
    await desk.database.rows(load("ledger")["set_meta"], MEDIA_SENT, "99")
    recordings = SqliteRecordings(desk.database)
    assert view.issued.sha256 not in await recordings.due(date(2099, 1, 1), 100)
    ((of_case,),) = await desk.database.rows(
        "SELECT of_case FROM recording WHERE sha256 = ?1", view.issued.sha256
    )
    assert of_case == 1


async def test_views_of_documents_are_what_the_ledger_comes_to(desk):
    await every_document(desk)
    before = await desk.database.rows(load("checking")["document"])
    await SqliteBranches(desk.database, desk.store).rebuild()
    assert before
    assert await desk.database.rows(load("checking")["document"]) == before


def test_every_form_has_a_template_and_every_template_a_form():
    folder = Path("station/documents/templates/bayannur")
    shared = {"paper", "parts", "transfer_letter"}  # the last one is of evasion cases
    templates = {path.stem for path in folder.glob("*.typ")} - shared
    assert templates == set(FORMS)


SEEN = {
    "公路安全保护条例": {"三十三", "六十四"},
    "行政处罚法": {
        *("四十四", "四十五", "六十一", "六十三", "六十四"),
        *("六十六", "六十七", "七十", "七十二", "七十三"),
    },
    "道路交通安全法": {"九十二"},
    "道路交通安全法实施条例": {"一百零六"},
    "道路交通安全违法行为处理程序规定": {"二十五", "二十六", "二十八", "二十九"},
    "行政复议法": {"二十三"},
    "超限运输车辆行驶公路管理规定": {"四十三"},
    "公路超限检测站管理办法": set(),
    "道路交通安全违法行为记分管理办法": set(),
}
"""The articles whose text was read; no other is printed."""


def test_no_article_is_printed_whose_text_was_not_read():
    for path in Path("station/documents/templates/bayannur").glob("*.typ"):
        text = path.read_text("utf-8")
        for law, articles in re.findall(r"《([^》]+)》((?:第[一-龥]+?条、?)*)", text):
            if law in {form.title for form in FORMS.values()}:
                continue
            assert law in SEEN, (path.name, law)
            assert set(re.findall(r"第([一-龥]+?)条", articles)) <= SEEN[law], (path.name, law)
        assert not re.search(r"令.{0,6}第?\d+号|〔\d{4}〕\d+号", text), path.name


class _Nobody:
    name = address = phone = ""
