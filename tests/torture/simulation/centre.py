"""The centre: its real use cases over a database in memory, behind a door that takes requests."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from central.api.bodies import BATCH_BYTES, unpacked
from central.api.errors import refusal
from central.application.accept import Accept, TakeAhead
from central.application.admit import check_node
from central.application.appending import Writer
from central.application.checkpointing import Checkpointer
from central.application.cosigning import Cosign
from central.application.ledger_ports import NodeState
from central.application.project import Touched
from central.application.projecting import Projector
from central.application.publishing import OwnLedger
from central.application.recheck import Difference, Found, Recheck
from central.application.refusing import Refuser
from central.application.releasing import Release
from central.application.serving import Serve
from central.application.signatures import SignatureCheck
from central.application.traffic import Traffic
from central.domain.auditing.claims import LogKeys
from central.domain.enrolment import enrolled
from station.contract.entries import Enrolment, Kind
from station.contract.keyring import KeyRing, NodeKey
from station.contract.sealing import Sealer
from station.contract.signature import Ed25519Signer
from station.domain.errors import KeysNotProven, StoreFailed, ZhichaoError
from station.domain.ledger import Head
from station.rules.lawbook import lawbook
from tests.torture.simulation.archive import SimulatedArchive, Trouble
from tests.torture.simulation.clock import SimulatedClock
from tests.torture.simulation.loop import Process
from tests.torture.simulation.shelf import SimulatedShelf
from tests.torture.simulation.tables import Disk

NODE = "centre"
ORIGIN = "zhichao.test/log"
CHECKPOINT_S = 4.0
SIGNER = Ed25519Signer(bytes(range(200, 232)))
LOG = LogKeys(origin=ORIGIN, public_keys=(SIGNER.public_key,))
WITNESS = "zhichao.test/witness"
WITNESS_KEY = Ed25519Signer(bytes(range(100, 132)))
MOST_FAILURES = 3


@dataclass(slots=True, kw_only=True)
class CentreMachine:
    """The computer on which the centre runs: its disk outlives the program.

    Attributes:
        committed: is called after each commit.
        answered: is told each answer before it goes on the line.
        failing: so many of the next statements or commits fail.
    """

    chance: random.Random
    clock: SimulatedClock
    failed: Callable[[str, BaseException], None]
    committed: Callable[[], None]
    answered: Callable[[bytes, int, bytes], None]
    disk: Disk = field(default_factory=Disk)
    running: Centre | None = None
    failing: int = 0

    def start(self) -> None:
        """Start the program, unless it runs."""
        if self.running is None or self.running.process.dead:
            self.running = Centre(self)

    def stop(self) -> None:
        """Kill it."""
        if self.running is not None:
            self.running.process.kill()

    @property
    def up(self) -> Centre | None:
        """Return the program when it runs."""
        return self.running if self.running and not self.running.process.dead else None


class Centre:
    """One run of the centre."""

    def __init__(self, machine: CentreMachine) -> None:
        self._machine = machine
        clock = machine.clock
        self.process = Process("centre", machine.chance, machine.failed)
        self._archive = archive = SimulatedArchive(machine.disk, self.process, _Trouble(machine))
        refuser = Refuser(_nobody)
        sealer = Sealer(
            node=NODE,
            signer=SIGNER,
            clock=clock,
            boot_id="boot",
            legal_id="sha256:legal",
            law_edition=_law().edition,
        )
        self._own = own = OwnLedger(node=NODE, sealer=sealer, clock=clock)
        projector = Projector(archive, Judged(_law()), own, _nobody)
        traffic = Traffic()
        writer = Writer(archive, clock, refuser, projector.wake)
        self._accept = Accept(
            archive=archive,
            writer=writer,
            refuser=refuser,
            clock=clock,
            signer=SIGNER,
            traffic=traffic,
        )
        self._take_ahead = TakeAhead(archive=archive, clock=clock)
        self.release = Release(archive=archive, own=own, clock=clock, announce=_nobody)
        self.cosign = Cosign(
            checkpoints=SimulatedShelf(archive),
            log=LOG,
            witnesses={WITNESS: WITNESS_KEY.public_key},
        )
        self.serve = Serve(shelf=SimulatedShelf(archive), node=NODE, clock=clock)
        self.process.start(
            projector.run(traffic),
            SignatureCheck(archive, clock, _nobody).run(traffic),
            Checkpointer(
                archive=archive, origin=ORIGIN, signer=SIGNER, clock=clock, every_s=CHECKPOINT_S
            ).run(),
        )

    async def answer(self, asked: Asked, peer: str) -> Answer:
        """Answer a request of the node *peer* as the interface does."""
        body = b""
        try:
            body = unpacked(asked.body, BATCH_BYTES) if asked.packed else asked.body
            found = await self._found(asked, body, peer)
            answer = Answer(200, found)
        except ZhichaoError as exc:
            response = refusal(exc)
            answer = Answer(response.status_code, bytes(response.body))
        self.process.living()
        if asked.path == "/api/ingest":
            self._machine.answered(body, answer.status, answer.body)
        return answer

    async def _found(self, asked: Asked, body: bytes, peer: str) -> bytes:
        """Do what central/api/machines.py and log.py do."""
        match asked.method, asked.path:
            case "POST", "/api/ingest":
                return msgspec.json.encode(await self._accept(body, peer))
            case "POST", "/api/ahead":
                await self._take_ahead(body, peer)
                return b""
            case "GET", "/api/down":
                return msgspec.json.encode(await self.serve.down(int(asked.query["after"]), peer))
            case "GET", "/api/ledger":
                check_node(peer, asked.query["node"])
                return await self.serve.ledger(peer, int(asked.query["after"]))
        raise AssertionError(f"nobody asks {asked}")

    async def enrol(self, node: str, public_key: bytes, after_seq: int) -> None:
        """Take a key into the register, as ``POST /api/enrol`` does once the token is good.

        One that has ended is refused, and stays so.
        """
        async with self._archive.desk() as desk:
            await desk.begin()
            state = (await desk.states({node}))[node]
            try:
                change = enrolled(
                    state.ring, public_key, last_seq=state.head.seq, after_seq=after_seq
                )
            except KeysNotProven:
                return
            new = change.new
            if new is None:
                return
            await desk.change_keys(node, change.ended, [new])
            payload = Enrolment(
                node=node,
                alg=new.alg,
                key_id=new.key_id,
                public_key=new.public_key.hex(),
                from_seq=new.from_seq,
            )
            await self._own.write(desk, [(Kind.ENROLMENT, payload)])


@dataclass(frozen=True, slots=True)
class Asked:
    """What came over the line. ``packed``: with gzip."""

    method: str
    path: str
    body: bytes
    packed: bool = False
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the line."""

    status: int
    body: bytes


class _Trouble(Trouble):
    def __init__(self, machine: CentreMachine) -> None:
        self._machine = machine

    def committed(self) -> None:
        self._machine.committed()

    def at_statement(self) -> None:
        self._fail("the database is away")

    def at_commit(self) -> None:
        self._fail("the connection was lost at the commit")

    def _fail(self, why: str) -> None:
        machine = self._machine
        if machine.failing and machine.chance.random() < 0.2:
            machine.failing -= 1
            raise StoreFailed(why)


def registered(nodes: Sequence[str]) -> Disk:
    """Return a new disk of a centre in whose configuration these nodes are."""
    disk = Disk()
    for node in (NODE, *nodes):
        disk.tables["node"][node] = NodeState(
            head=Head(), ring=KeyRing(()), last_position=0, quarantined_at=None
        )
    own = NodeKey(key_id=SIGNER.key_id, public_key=SIGNER.public_key, from_seq=1)
    disk.tables["key"][NODE, own.key_id] = own
    return disk


def _nobody(_touched: Touched) -> None:
    pass


@functools.cache
def _law():
    return lawbook()


_JUDGED: dict[bytes, Difference | None] = {}


class Judged(Recheck):
    """Compares as the centre does; the same facts are compared once."""

    def __call__(self, found: Found) -> Difference | None:
        """Return what differs."""
        key = msgspec.json.encode(found)
        if key not in _JUDGED:
            _JUDGED[key] = super().__call__(found)
        return _JUDGED[key]
