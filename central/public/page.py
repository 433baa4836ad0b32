"""What a driver's page says, as HTML. Text stays text: nothing of a record is read as markup."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

import yaml

from central.application.driver_pages import DriverPage, Told, WeighingShown
from station.contract.driver_page import CODE_LETTERS
from station.contract.messages import templates
from station.domain.asking import MOST_LETTERS, Answer, Asked, settled
from station.domain.clock import CHINA
from station.domain.procedure import Act
from station.rules.clocks import LegalClock
from station.rules.parameter import Confidence
from station.rules.unloading import UnloadPlan

_LONGEST_TYPED: Final = 2 * CODE_LETTERS


def asking(style: str, script: str, *, unknown: bool = False) -> str:
    """Return the page that asks for a code; *unknown*: the last one opened nothing."""
    root, main = _frame(style)
    _text(main, "h1", _say("ask"))
    if unknown:
        _text(main, "p", _say("unknown"), {"class": "note", "role": "alert"})
    _text(main, "p", _say("ask_how"))
    form = SubElement(main, "form", {"method": "post", "action": "./", "id": "ask"})
    _text(form, "label", _say("code"), {"for": "code"})
    field = {"id": "code", "name": "code", "required": "", "maxlength": str(_LONGEST_TYPED)}
    typed = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
    SubElement(form, "input", {**field, **typed})
    _text(form, "button", _say("send"), {"type": "submit"})
    _text(main, "script", script)
    return _html(root)


def busy(style: str) -> str:
    """Return the page for somebody who asks too often."""
    return _only(style, "busy")


def slow(style: str) -> str:
    """Return the page for somebody whose line was too slow."""
    return _only(style, "slow")


def failed(style: str, *, unsaved: bool = False) -> str:
    """Return the page for when the records cannot be read, or what he wrote is not kept."""
    return _only(style, "unsaved" if unsaved else "failed")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a driver has just sent. ``refused``: it is empty, too long, or holds what is no text."""

    asked: Asked
    typed: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """What every driver's page bears: its style sheet, and the script that counts letters."""

    style: str
    counting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """Where one appeals, with the address; "" where nobody has said so."""

    reconsideration: str = ""
    court: str = ""


def page(
    parts: Parts, offices: Offices, shown: DriverPage, code: str, sent: Sent | None = None
) -> str:
    """Return a driver's page.

    Args:
        parts: what every page bears.
        offices: where one appeals.
        shown: what it tells.
        code: by which he came.
        sent: a browser shows first what became of it.
    """
    root, main = _frame(parts.style)
    case = shown.case
    _text(main, "h1", _say("title"))
    _text(main, "p", case.plate, {"class": "plate"})
    _text(main, "p", _say("where", station=shown.station, road=shown.road))
    _text(main, "p", _say("case_no", case_no=case.case_no))
    _result(main, shown)
    if shown.plan is not None and shown.plan.total:
        _plan(main, shown.plan)
    _rechecks(main, shown)
    if shown.told:
        _told(main, shown, sent)
    if shown.may_ask:
        _forms(main, shown, code, sent)
    _standing(main, shown)
    _rights(main, shown, offices)
    if shown.first is not None:
        _weighed(main, shown.first)
        _pictures(main, shown)
    _text(main, "p", _say("privacy"), {"class": "note"})
    if shown.may_ask:
        _text(main, "script", parts.counting)
    return _html(root)


def _result(main: Element, shown: DriverPage) -> None:
    _text(main, "h2", _say("result"))
    case, first = shown.case, shown.first
    if first is None:
        _text(main, "p", _say("pending"), {"class": "note"})
    big = SubElement(main, "div", {"class": "big"})
    limit = case.limit_kg if first is None or first.limit_kg is None else first.limit_kg
    excess = case.excess_kg if first is None or first.excess_kg is None else first.excess_kg
    for name, kg in (("gross", case.gross_kg), ("limit", limit), ("excess", excess)):
        box = SubElement(big, "div", {"class": "over"} if name == "excess" and kg else {})
        box.text = _say(name)
        _text(box, "b", _kg(kg))
    at = case.opened_at if first is None else _moment(first.passage.weighing.settled_at)
    _text(main, "p", _say("weighed_at", at=_shown(at)))


def _plan(main: Element, plan: UnloadPlan) -> None:
    _text(main, "h2", _say("plan"))
    _text(main, "p", _say("plan_total", kg=_kg(plan.excess or plan.total)))
    if not plan.taken:
        _text(main, "p", _say("plan_spread"))
        return
    items = SubElement(main, "ul")
    for one in plan.taken:
        _text(items, "li", _say("plan_group", group=one.group, kg=_kg(one.kg)))
    if plan.advisory:
        _text(main, "p", _say("plan_advisory"), {"class": "note"})


def _rechecks(main: Element, shown: DriverPage) -> None:
    if not shown.rechecks:
        return
    _text(main, "h2", _say("recheck"))
    for one in shown.rechecks:
        weighing = one.passage.weighing
        name = "recheck_over" if one.excess_kg else "recheck_clear"
        at, excess = _shown(_moment(weighing.settled_at)), _kg(one.excess_kg or 0)
        _text(main, "p", _say(name, at=at, kg=_kg(weighing.gross_kg), excess=excess))


def _told(main: Element, shown: DriverPage, sent: Sent | None) -> None:
    _text(main, "h2", _say("told"))
    names = _words()["asked"]
    for one in shown.told:
        newest = sent is not None and one is shown.newest(sent.asked) and not sent.refused
        first = {"tabindex": "-1", "autofocus": ""} if newest else {}
        box = SubElement(main, "section", {"class": "note", **first})
        at = _shown(_moment(one.request.at))
        _text(box, "p", _say("told_at", what=names[one.asked.value], at=at), {"class": "strong"})
        _text(box, "p", _say("told_receipt", receipt=one.receipt))
        if one.request.personal:
            text = _say("told_erased") if one.text is None else one.text
            _text(box, "p", text, {"class": "own"})
        for line in _answered(one, shown):
            _text(box, "p", line, {"role": "status"})


def _answered(one: Told, shown: DriverPage) -> Iterator[str]:
    """Yield where what he asked stands."""
    if one.answer is not None:
        words = _words()["answer"][one.asked.value]
        at = _shown(_moment(one.answer.at))
        yield _say("answered", at=at, answer=words[Answer(one.answer.answer).value])
        yield _say("answered_text", text=one.answer.text)
        return
    ended = settled(one.asked, shown.case, _moment(one.request.at))
    if ended is not None:
        act, at_moment = ended
        yield _say("ended_gone" if act is Act.RELEASE else "ended_again", at=_shown(at_moment))
        return
    yield _say("waiting", by=_shown(_moment(one.request.answer_by)))
    if one.asked is Asked.STATEMENT:
        yield _say("waiting_statement")


def _forms(main: Element, shown: DriverPage, code: str, sent: Sent | None) -> None:
    _text(main, "h2", _say("ask_title"))
    for asked in Asked:
        if asked not in shown.may_ask:
            continue
        again = sent if sent is not None and sent.refused and sent.asked is asked else None
        opened = {} if again is None else {"open": ""}
        box = SubElement(main, "details", opened)
        _text(box, "summary", _words()["asked"][asked.value])
        _text(box, "p", _words()["ask_how_to"][asked.value])
        form = SubElement(box, "form", {"method": "post", "action": "./"})
        SubElement(form, "input", {"type": "hidden", "name": "code", "value": code})
        SubElement(form, "input", {"type": "hidden", "name": "ask", "value": asked.value})
        if asked is not Asked.RECHECK:
            _writing(form, asked, again)
        _text(form, "button", _words()["ask_button"][asked.value], {"type": "submit"})


def _writing(form: Element, asked: Asked, again: Sent | None) -> None:
    name = asked.value
    _text(form, "label", _words()["ask_label"][name], {"for": name})
    if again is not None:
        _text(form, "p", _say("text_refused", most=MOST_LETTERS), {"role": "alert"})
    first = {} if again is None else {"autofocus": ""}
    field = {"id": name, "name": "text", "rows": "6", "required": "", "autocomplete": "off"}
    SubElement(form, "textarea", {**field, **first, "aria-describedby": f"left-{name}"}).text = (
        "" if again is None else "\n" + again.typed
    )
    counted = {
        "data-most": str(MOST_LETTERS),
        "data-left": _say("letters_left", count=0),
        "data-over": _say("letters_over", count=0),
    }
    most = {"id": f"left-{name}", "aria-live": "polite", **counted}
    _text(form, "p", _say("letters_most", most=MOST_LETTERS), most)


def _standing(main: Element, shown: DriverPage) -> None:
    _text(main, "h2", _say("steps"))
    words, state = _words()["state"], shown.case.state
    _text(main, "p", f"{words['removal'][state.removal.value]}。", {"class": "note"})
    _text(main, "p", f"{words['penalty'][state.penalty.value]}。", {"class": "note"})
    _text(main, "p", f"{words['custody'][state.custody.value]}。", {"class": "note"})
    items = SubElement(main, "ul")
    _text(items, "li", f"{_shown(shown.case.opened_at)}　{_say('opened')}")
    acts = templates()
    for done in shown.case.history:
        _text(items, "li", f"{_shown(done.at)}　{acts[f'value.act.{done.act.value}']}")


def _rights(main: Element, shown: DriverPage, offices: Offices) -> None:
    _text(main, "h2", _say("rights"))
    if shown.clocks:
        items = SubElement(main, "ul", {"class": "until"})
        for clock in shown.clocks:
            _text(items, "li", _until(clock))
    items = SubElement(main, "ul")
    for line in _rights_told(shown, offices):
        _text(items, "li", line)
    _text(main, "p", _say("rights_not_formal"), {"class": "note"})


def _until(clock: LegalClock) -> str:
    """Return until when he may, or must, in this case."""
    name = _words()["until"][clock.key]
    if clock.due_on is None:
        return _say("until_unknown", what=name)
    mark = "" if clock.confidence is Confidence.SEEN else _say("until_unsure")
    state = _words()["until_state"].get(clock.state.value, "")
    return _say("until_day", what=name, on=clock.due_on.isoformat(), state=state, mark=mark)


def _rights_told(shown: DriverPage, offices: Offices) -> Iterator[str]:
    rights = shown.rights
    yield _say("rights_recheck")
    yield _say("rights_defence")
    yield _say("rights_hearing", days=rights["hearing_request_days"])
    served = shown.case.newest(Act.SERVE)
    if served is None:
        yield _say("rights_unserved")
    else:
        yield _say("rights_served", on=str(served.details["served_on"]))
    yield _say("rights_pay", days=rights["pay_days"])
    yield _say("rights_reconsideration", days=rights["reconsideration_days"])
    yield _say(
        "rights_litigation",
        months=rights["litigation_months"],
        again=rights["litigation_again_days"],
    )
    for name in ("reconsideration", "court"):
        if office := getattr(offices, name):
            yield _say(f"rights_{name}_office", office=office)
    yield _say("rights_office")


def _weighed(main: Element, first: WeighingShown) -> None:
    _text(main, "h2", _say("why"))
    _text(main, "p", first.explanation)
    _text(main, "p", _say("why_note"), {"class": "note"})
    _text(main, "h2", _say("axles"))
    if first.axles:
        table = SubElement(main, "table")
        row = SubElement(table, "tr")
        for name in ("axle", "group", "weight"):
            _text(row, "th", _say(name))
        for number, (group, kg) in enumerate(first.axles, 1):
            row = SubElement(table, "tr")
            for value in (str(number), str(group), _kg(kg)):
                _text(row, "td", value, {"class": "n"})
    else:
        _text(main, "p", _say("axles_none"))
    weighing = first.passage.weighing
    _text(main, "h2", _say("certificate"))
    _text(
        main,
        "p",
        _say(
            "certificate_text",
            scale=weighing.scale_id,
            number=weighing.certificate_no,
            until=weighing.certificate_until,
        ),
    )
    if not weighing.evidence:
        _text(main, "p", _say("certificate_over"), {"class": "note"})


def _pictures(main: Element, shown: DriverPage) -> None:
    _text(main, "h2", _say("pictures"))
    for media_type, data in shown.pictures:
        source = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
        SubElement(main, "img", {"src": source, "alt": _say("picture")})
    if shown.pictures_missing:
        _text(main, "p", _say("pictures_missing", count=shown.pictures_missing))
    elif not shown.pictures:
        _text(main, "p", _say("pictures_none"))


def _only(style: str, name: str) -> str:
    root, main = _frame(style)
    _text(main, "h1", _say("title"))
    _text(main, "p", _say(name), {"class": "note", "role": "alert"})
    return _html(root)


def _frame(style: str) -> tuple[Element, Element]:
    root = Element("html", {"lang": "zh-CN"})
    head = SubElement(root, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    wide = "width=device-width, initial-scale=1"
    SubElement(head, "meta", {"name": "viewport", "content": wide})
    SubElement(head, "meta", {"name": "robots", "content": "noindex, nofollow"})
    _text(head, "title", _say("title"))
    _text(head, "style", style)
    return root, SubElement(SubElement(root, "body"), "main")


def _html(root: Element) -> str:
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html")


def _text(parent: Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    SubElement(parent, tag, attributes or {}).text = text


def _say(name: str, **fields: str | int) -> str:
    return str(_words()[name]).format(**fields)


def _kg(kg: int) -> str:
    return _say("kg", kg=f"{kg:,}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _shown(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


@cache
def _words() -> dict[str, Any]:
    text = (files("central.public") / "words.zh.yaml").read_text("utf-8")
    words: dict[str, Any] = yaml.safe_load(text)
    return words
