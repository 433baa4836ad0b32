from dataclasses import replace
from datetime import date

import pytest

from station.domain.units import Kg, Mm
from station.rules import review_codes
from station.rules.decide import decide, decide_or_refer
from station.rules.drawings import DRAWINGS
from station.rules.explain import explain, phrases
from station.rules.facts import Facts, Mode
from station.rules.lawbook import lawbook
from station.rules.verdict import Outcome

SIX = DRAWINGS["TR-06-A/6x4"].vehicle
FULL = replace(SIX, registered_gross=Kg(49_000), approved_load=Kg(34_000), kerb=Kg(15_000))
O62 = "《超限运输车辆行驶公路管理规定》(交通运输部令2016年第62号)"
ANNEX = "《公路货运车辆超限超载认定标准》"
NOTICE = "2016年规范治理超限超载专项行动执法工作的通知"


def told(vehicle, gross, day=date(2026, 3, 1), **known):
    facts = Facts(occurred_on=day, vehicle=vehicle, gross=Kg(gross), **known)
    return explain(decide(facts, lawbook()))


def test_a_lawful_passage():
    assert told(SIX, 46_300) == f"六轴铰接列车(双驱动轴),限值49 t;称重46.3 t,未超限。依据:{ANNEX}。"


def test_a_warning():
    assert told(SIX, 49_300) == (
        "六轴铰接列车(双驱动轴),限值49 t;称重49.3 t,超限0.3 t(6‰)。"
        "超限未超过1 t,予以警告、放行,不卸载、不罚款。"
        f"依据:{ANNEX};{O62}第四十三条第一款第(二)项;{NOTICE}。"
    )


def test_a_violation_with_its_penalty():
    assert told(FULL, 60_000) == (
        "六轴铰接列车(双驱动轴),限值49 t;称重60 t,超限11 t(224‰)。"
        "超限超过1 t,依法责令改正、监督卸载。超载率323‰(相对核定载质量)。"
        "公安交管部门处罚:罚款500元至2000元。一次记1分。拟罚款达到听证起点的,应当告知听证权利。"
        f"依据:{ANNEX};{O62}第四十三条第一款第(二)项;{NOTICE}。"
    )


@pytest.mark.parametrize(
    ("vehicle", "gross", "known", "says"),
    [
        (None, 43_300, {}, "称重43.3 t。限值尚不能确定,转人工复核。注意:车型、轴型未知。"),
        (
            DRAWINGS["TR-05-A/4x2"].vehicle,
            43_300,
            {},
            f"尚不能认定,转人工复核。另按{O62}第三条第一款,五轴汽车列车为43 t。",
        ),
        (
            SIX,
            60_000,
            {"permit_gross": Kg(70_000)},
            "不超过超限运输车辆通行证所载70 t,按许可通行。",
        ),
        (
            SIX,
            48_000,
            {"posted_limit": Kg(20_000)},
            "限载标志标明的限值低于认定标准时从其规定:20 t。",
        ),
        (DRAWINGS["TR-06-A/6x4-single"].vehicle, 60_000, {}, "非驱动轴每侧单轮胎核减:-9 t。"),
        (DRAWINGS["TR-04-R/8x4-air"].vehicle, 30_000, {}, "增加:+1 t。"),
        (SIX, 48_000, {"width": Mm(2600)}, "车货总宽度限值2.55 m,实测2.6 m,超出0.05 m。"),
        (SIX, 48_000, {"width": Mm(2600)}, "质量未构成违法超限;外廓尺寸超限,依法责令改正。"),
        (SIX, 48_000, {"width": Mm(2600)}, "外廓尺寸部分罚款20元至200元。"),
        (None, 48_000, {"width": Mm(2600)}, "限值尚不能确定;外廓尺寸超限"),
        (
            SIX,
            60_000,
            {"width": Mm(2600), "permit_gross": Kg(70_000)},
            "不超过通行证所载70 t;外廓尺寸超限,依法责令改正。",
        ),
        (SIX, 60_000, {"mode": Mode.OFFSITE}, "公路管理机构处罚:罚款5500元。"),
        (
            SIX,
            51_000,
            {"mode": Mode.EXPRESSWAY_ENTRY},
            "不超过入口暂按未超限处理的51.45 t,准予驶入。",
        ),
        (SIX, 51_451, {"mode": Mode.EXPRESSWAY_ENTRY}, "拒绝驶入并劝返。"),
        (SIX, 48_000, {"mode": Mode.EXPRESSWAY_ENTRY}, "称重48 t,未超限。"),
    ],
)
def test_what_the_explanation_says(vehicle, gross, known, says):
    assert says in told(vehicle, gross, **known)


def test_a_number_that_nobody_read_is_starred():
    close = tuple(replace(axle, to_next=axle.to_next and Mm(1300)) for axle in SIX.axles)
    text = told(replace(SIX, axles=close), 46_001)

    assert "GB 1589-2016*" in text
    assert "其中标有*的数值未见原文,须经核实。" in text
    assert "*" not in told(SIX, 46_001)


def test_the_milder_law_is_told():
    day = date(2022, 3, 31)
    assert "适用作出决定时的规定" in told(FULL, 60_000, day=day, decided_on=date(2022, 4, 1))
    assert "适用作出决定时的规定" not in told(FULL, 60_000, day=day)


def test_a_day_before_any_law_is_for_people_and_the_clock_is_doubted():
    facts = Facts(occurred_on=date(2016, 9, 20), vehicle=SIX, gross=Kg(60_000))
    verdict = decide_or_refer(facts, lawbook())

    assert verdict.outcome is Outcome.NEEDS_REVIEW
    assert explain(verdict) == (
        "称重60 t。限值尚不能确定,转人工复核。注意:称重日期没有生效的法律规定,请核对本站时钟。"
    )


def test_from_the_first_day_of_the_law_on_it_decides():
    facts = Facts(occurred_on=date(2016, 9, 21), vehicle=SIX, gross=Kg(60_000))
    assert decide_or_refer(facts, lawbook()) == decide(facts, lawbook())


def test_every_review_code_has_words_and_no_words_are_left_over():
    assert set(phrases()["notes"]) == review_codes.SETTLING | review_codes.ACCOMPANYING
    assert not review_codes.SETTLING & review_codes.ACCOMPANYING


@pytest.mark.parametrize(
    ("gross_kg", "says"),
    [(49000, "超限状态已消除"), (49001, "继续卸载"), (50000, "继续卸载"), (50001, "继续卸载")],
)
def test_a_recheck_knows_no_tolerance_and_no_penalty(gross_kg, says):
    vehicle = DRAWINGS["TR-06-A/6x4"].vehicle
    facts = Facts(occurred_on=date(2026, 3, 1), vehicle=vehicle, gross=Kg(gross_kg))
    told = explain(decide(facts, lawbook()), recheck=True)
    assert says in told
    assert "放行" not in told
    assert "罚款" not in told
