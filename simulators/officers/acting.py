"""How an officer acts: one thing after another, patient with a console that says no."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final
from urllib.parse import quote

from pydantic import TypeAdapter

from simulators.officers.body_camera import BodyCamera
from simulators.officers.console import Away, Console, Refused
from simulators.officers.post import Post
from station.api.requests import DriverRequestOut
from station.api.schemas import CaseOut, ChecklistOut, DocumentOut, DocumentsOut
from station.domain.asking import Answer, Asked
from station.domain.procedure import Act

_ABSENCE_S: Final = 1.0
_LOST: Final = "执法记录仪存储卡损坏,未能保存录像"
_REVIEWED: Final = "已核对原始称重数据、衡器检定证书和车辆信息，认定无误。"
_WEIGHED: Final = "卸载以后已经再次称重，结果见复检。"
_GONE: Final = "车辆复检合格已经放行，不能再称。"
_REQUESTS: Final = TypeAdapter(list[DriverRequestOut])
_SLIP: Final = "weighing_slip"
_REFUSAL_S: Final = 2.0
_LONGEST_REFUSAL_S: Final = 30.0
_REFUSES_EACH: Final = 7


class Desk:
    """One authority's place at the console."""

    role: str
    """Which authority's place it is."""
    answers: bool = True
    """Whether what drivers ask is answered here."""

    def __init__(self, post: Post, console: Console, second: str, camera: BodyCamera) -> None:
        """Sit down; *second* is the certificate number of the officer who acts along."""
        self.post = post
        self.console = console
        self._second = second
        self._camera = camera
        self._wait: dict[str, tuple[float, float]] = {}
        self._papered: dict[str, int] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        news = self.post.watch.listen()
        while True:
            try:
                for case_no in sorted(self.post.asked) if self.answers else ():
                    await self.attempt(f"{case_no} asked", self._answer(case_no))
                await self.work()
            except Away:
                await asyncio.sleep(_ABSENCE_S)
            await self.post.nap(news)

    async def work(self) -> None:
        """Do whatever there is to do now.

        Raises:
            Away: the station does not answer.
        """
        raise NotImplementedError

    async def attempt(self, subject: str, doing: Coroutine[Any, Any, None]) -> None:
        """Try to do something about *subject*; what was refused is tried again later.

        Raises:
            Away: the station does not answer.
        """
        not_before, wait_s = self._wait.get(subject, (0.0, _REFUSAL_S))
        if self.post.now() < not_before:
            doing.close()
            return
        try:
            await doing
        except Refused as exc:
            self.post.errors.append(f"{subject}: {exc}")
            later = min(wait_s * 2, _LONGEST_REFUSAL_S)
            self._wait[subject] = (self.post.now() + wait_s, later)
        else:
            self._wait.pop(subject, None)

    async def act(
        self, case: CaseOut, act: Act | str, details: Mapping[str, str | int]
    ) -> CaseOut | None:
        """Do one act on a case; return the case after it, None when it is not there to be done.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        name = act.value if isinstance(act, Act) else act
        self._camera.on()
        try:
            await self.post.pause(name)
            body = {"act": name, "second_officer": self._second, "details": dict(details)}
            answer = await self.console.post(f"/api/cases/{case.case_no}/acts", body)
        finally:
            self._camera.off(case.case_no, name)
        self.post.watch.acknowledged(answer)
        self.post.acts[name] += 1
        return await self.post.watch.fetch_case(case.case_no)

    async def _answer(self, case_no: str) -> None:
        """Answer what the driver asked on his page, as far as it is for this authority."""
        path = f"/api/cases/{case_no}/requests"
        for one in _REQUESTS.validate_json(await self.console.get(path)):
            said = None
            if one.answer is None and one.authority in (None, self.role):
                said = self._said_to(one, await self.post.watch.fetch_case(case_no))
            if said is not None:
                body = {**said, "second_officer": self._second}
                answer = await self.console.post(f"{path}/{one.seq}/answer", body)
                self.post.watch.acknowledged(answer)
                self.post.acts["answer"] += 1

    def _said_to(self, one: DriverRequestOut, case: CaseOut) -> dict[str, str] | None:
        """Return the answer; None where that must wait for the re-check."""
        if one.what != Asked.RECHECK.value:
            return {"answer": Answer.REFUSED.value, "text": _REVIEWED}
        seen = (self.post.watch.passages.get(name) for name in case.recheck_passages)
        since = next((view for view in seen if view is not None and view.at > one.at), None)
        if since is not None:
            done = {"answer": Answer.DONE.value, "text": _WEIGHED}
            return {**done, "passage_id": since.passage_id}
        if case.released_at is None:
            return None
        return {"answer": Answer.IMPOSSIBLE.value, "text": _GONE}

    async def paperwork(self, case: CaseOut) -> None:
        """Issue what is due after the newest act, print it, and let the party sign.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        if any(lost == case.case_no for lost, _ in self._camera.lost):
            await self._account(case)
        if self._papered.get(case.case_no) == len(case.history):
            return
        path = f"/api/cases/{case.case_no}"
        found = DocumentsOut.model_validate_json(await self.console.get(f"{path}/documents"))
        for due in found.due:
            if due.authority == self.role:
                answer = await self.console.post(f"{path}/documents", {"kind": due.kind})
                issued = DocumentOut.model_validate_json(answer)
                self.post.watch.receipts.add(issued.receipt)
                printed = await self.console.post(_document(issued.number, "prints"), {})
                if due.kind == _SLIP:
                    self.post.slips.put_nowait((case.case_no, printed))
                self.post.acts["issue"] += 1
        for item in (await self.checklist(case)).items:
            if item.need == "signature" and item.standing == "missing" and item.number:
                await self._sign(path, item.number)
        self._papered[case.case_no] = len(case.history)

    async def _account(self, case: CaseOut) -> None:
        """Write down why there is no recording of what a lost clip would have shown."""
        for item in (await self.checklist(case)).items:
            lost = (case.case_no, item.name) in self._camera.lost
            if lost and item.need == "recording" and item.standing == "missing":
                body = {"act_seq": item.seq, "reason": _LOST, "second_officer": self._second}
                answer = await self.console.post(f"/api/cases/{case.case_no}/excuses", body)
                self.post.watch.acknowledged(answer)
                self.post.acts["excuse"] += 1
        self._camera.lost = {one for one in self._camera.lost if one[0] != case.case_no}

    async def checklist(self, case: CaseOut) -> ChecklistOut:
        """Return what the file of a case must hold.

        Raises:
            Refused: by the station.
            Away: the station does not answer.
        """
        answer = await self.console.get(f"/api/cases/{case.case_no}/closing")
        return ChecklistOut.model_validate_json(answer)

    async def _sign(self, path: str, number: str) -> None:
        found = DocumentsOut.model_validate_json(await self.console.get(f"{path}/documents"))
        own = {
            one.number for one in found.issued if one.officer == self.console.account.certificate_no
        }
        if number not in own:
            return
        body = {"second_officer": self._second} | _taken(number)
        answer = await self.console.post(_document(number, "signature"), body)
        self.post.watch.acknowledged(answer)
        self.post.acts["sign"] += 1


def _document(number: str, what: str) -> str:
    return f"/api/documents/{quote(number)}/{what}"


def _taken(number: str) -> dict[str, str]:
    """Return how a party takes a document: most sign, a few put a finger on it or refuse."""
    serial = int("".join(filter(str.isdigit, number)) or "0")
    if serial % _REFUSES_EACH == 0:
        return {"manner": "refused", "note": "当事人拒绝签名,已当场说明,现场有录像"}
    return {"manner": "fingerprint" if serial % 2 else "signed"}
