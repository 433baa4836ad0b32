"""What happens at a station: vehicles are weighed, officers act on cases, devices fail."""

from __future__ import annotations

import functools
import random
from datetime import date

import msgspec

from station.application.ports import Draft
from station.contract.entries import CaseAct, CaseOpened, DeviceEvent, Kind, Passage
from station.contract.sealing import local_day, stamp
from station.domain.case import Case
from station.domain.clock import Clock
from station.domain.procedure import Act
from station.rules.records import vehicle_to_record
from station.store.sqlite_store import SqliteStore
from tests.acts import PAIRS, TO_DECISION, role_of, said
from tests.fakes import passage, plate_evidence
from tests.migration.central_kit import SIX_AXLES, finding

MEAN_PAUSE_S = 1.5
PLATES = ("蒙L12345", "蒙L54321")
VIOLATIONS = ("v1", "v2")
"""Few, so that two stations or two cases fine one violation."""
MOST_ACTS = 5
POISON = "poison"
OVER_KG, LAWFUL_KG = 61000, 48000

NEXT = dict(zip((None, *TO_DECISION), (*TO_DECISION, Act.RELEASE), strict=True))
"""What follows an act; after the decision the truck goes, and the centre is waited for."""
AFTER_THE_ANSWER = (Act.SERVE, Act.WITHDRAW)


class Officers:
    """Decide by chance what comes next, from what the store shows."""

    def __init__(
        self, machine: str, store: SqliteStore, clock: Clock, chance: random.Random
    ) -> None:
        self._machine = machine
        self._store = store
        self._clock = clock
        self._chance = chance

    def pause(self) -> float:
        """Return how long nothing happens."""
        return self._chance.expovariate(1 / MEAN_PAUSE_S)

    async def drafts(self) -> list[Draft]:
        """Return what happens next, in one go."""
        dice = self._chance.random()
        if dice < 0.5 and (cases := await self._store.cases(closed=False, limit=5)):
            return self._acts(cases[-1])
        if dice < 0.6:
            return [Draft(Kind.PASSAGE, self._weighed(LAWFUL_KG))]
        if dice < 0.8:
            weighed = self._weighed(OVER_KG)
            return [Draft(Kind.PASSAGE, weighed), self._opened(weighed)]
        if dice < 0.84:
            return [self._poison()]
        return [self._event() for _ in range(self._chance.randint(1, 4))]

    def _weighed(self, gross_kg: int) -> Passage:
        at = self._clock.now()
        shown = passage(f"{self._machine}-{self._chance.getrandbits(40):x}")
        weighing = msgspec.structs.replace(
            shown.weighing, gross_kg=gross_kg, settled_at=stamp(at), arrived_at=stamp(at)
        )
        return msgspec.structs.replace(
            shown,
            occurred_on=local_day(at),
            weighing=weighing,
            tractor=plate_evidence(self._chance.choice(PLATES)),
            vehicle=_vehicle(),
            verdict=_finding(gross_kg, local_day(at)),
        )

    def _opened(self, weighed: Passage) -> Draft:
        payload = CaseOpened(
            case_no=f"C-{weighed.passage_id}",
            violation_id=self._chance.choice(VIOLATIONS),
            passage_id=weighed.passage_id,
            plate=weighed.tractor.text or "",
            occurred_on=weighed.occurred_on,
            opened_at=weighed.weighing.settled_at,
            gross_kg=OVER_KG,
            limit_kg=49000,
            excess_kg=OVER_KG - 49000,
        )
        return Draft(Kind.CASE_OPENED, payload)

    def _acts(self, case: Case) -> list[Draft]:
        """Bring a case on by a few acts."""
        found: list[Draft] = []
        before = case.history[-1].act if case.history else None
        if before is Act.TAKE_EFFECT:
            return [self._act(case, self._chance.choice(AFTER_THE_ANSWER))]
        for _ in range(self._chance.randint(1, MOST_ACTS)):
            act = NEXT.get(before)
            if act is None:
                break
            found.append(self._act(case, act))
            before = act
        return found or [self._event()]

    def _act(self, case: Case, act: Act) -> Draft:
        role, now = role_of(act), self._clock.now()
        details = said(act, on=date.fromisoformat(local_day(now)))
        if act is Act.ORDER_TO_CORRECT:
            details["plate"] = case.plate
        payload = CaseAct(
            case_no=case.case_no,
            act=act.value,
            authority=role.value,
            officers=PAIRS[role],
            at=stamp(now),
            details=details,
            stage="",
            plate=case.plate,
            violation_id=case.violation_id,
        )
        return Draft(Kind.CASE_ACT, payload)

    def _event(self) -> Draft:
        kind = self._chance.choice((Kind.DEVICE_FAULT, Kind.DEVICE_RECOVERED))
        detail = f"{self._chance.getrandbits(32):x}"
        since = stamp(self._clock.now())
        payload = DeviceEvent(device="scale", code="device.silent", detail=detail, since=since)
        return Draft(kind, payload)

    def _poison(self) -> Draft:
        """Return what the centre's tables cannot hold: it must neither block nor vanish."""
        made = self._weighed(LAWFUL_KG)
        spoilt = self._chance.choice(
            (
                {"occurred_on": "yesterday"},
                {"verdict": {**made.verdict, "limit_kg": 2**31}},
                {"verdict": {**made.verdict, "verdict": "guilty"}},
            )
        )
        passage_id = f"{POISON}-{made.passage_id}"
        payload = msgspec.structs.replace(made, passage_id=passage_id, **spoilt)
        return Draft(Kind.PASSAGE, payload)


@functools.cache
def _vehicle() -> dict[str, object]:
    return vehicle_to_record(SIX_AXLES)


@functools.cache
def _finding(gross_kg: int, on: str) -> dict[str, object]:
    return finding(gross_kg, on)
