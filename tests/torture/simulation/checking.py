"""What must hold at the centre after every step: it is counted and hashed anew, by no program."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.application.ledger_ports import Placed
from central.application.project import FALSE_ANSWER
from station.contract.checkpoint import Checkpoint, read_note
from station.contract.signature import Ed25519Verifier
from station.contract.uplink import Acknowledged, check_receipt, read_batch
from station.domain.case import Case
from station.domain.errors import ZhichaoError
from station.domain.ledger import GENESIS, Entry
from station.domain.stages import EFFECTIVE
from tests.torture.simulation.centre import NODE, SIGNER, CentreMachine
from tests.torture.simulation.checking_stations import TAG, StationChecks
from tests.torture.simulation.officers import POISON
from tests.torture.simulation.station import StationMachine

CENTRE = Ed25519Verifier(SIGNER.public_key)
FORK = "evidence.fork"


class Checks:
    """Watches every disk and every answer; *fail* is told each promise that broke."""

    def __init__(self, centre: CentreMachine, fail: Callable[[str], None]) -> None:
        self._centre = centre
        self._fail = fail
        self.stations = StationChecks(fail)
        self.log: list[Placed] = []
        self._leaves: list[bytes] = []
        self._roots: dict[tuple[int, int], bytes] = {}
        self._seen: dict[tuple[str, object], object] = {}
        self._closed: dict[str, int] = {}
        self._keys: dict[str, list[tuple[int, str]]] = {}
        self._signed: dict[tuple[int, bytes], list[bytes]] = {}
        self._witnessed: list[bytes] = []
        self._went_back = False
        self.receipts = 0
        self.taken = 0

    # At the centre.

    def committed(self) -> None:
        """Look at the centre's disk after a commit."""
        disk = self._centre.disk
        for position in range(len(self.log) + 1, len(disk.tables["entry"]) + 1):
            self._check_new(position)
        leaves = self._leaves
        if (disk.frontier.size, disk.frontier.root) != (len(leaves), self._root(0, len(leaves))):
            self._fail("the log is not the tree of the entries")
        self._check_rows()
        for _, row in self._changed("checkpoint"):
            self._check_signed(read_note(row.note.encode(), [SIGNER.public_key]))

    def _check_rows(self) -> None:
        for key, row in self._changed("node"):
            self._check_node(key, row)
        for _, row in self._changed("decision"):
            self._check_decision(row)
        for key, row in self._changed("case"):
            self._check_case(key, row.case)
        for _, row in self._changed("passage"):
            self._check_source(row.receipt)
        for key, row in self._changed("alarm"):
            if row.derived:
                self._check_alarm(key, row)
        for _, row in self._changed("quarantine"):
            if row.reason == "poison" and POISON not in str(self.stations.sealed[row.digest].body):
                self._fail(f"{row.node} {row.seq} was taken for poison")

    def _changed(self, table: str) -> list[tuple[object, object]]:
        rows = self._centre.disk.tables[table]
        found = [(key, row) for key, row in rows.items() if self._seen.get((table, key)) is not row]
        self._seen |= {(table, key): row for key, row in found}
        return found

    def _check_new(self, position: int) -> None:
        one, _ = self._centre.disk.tables["entry"].get(position, (None, None))
        if one is None:
            self._fail(f"place {position} of the log is empty")
            return
        entry = one.entry
        self._check_key(entry)
        last = self._newest(entry.node)
        expected = (last.seq + 1, last.digest) if last else (1, GENESIS)
        if (entry.seq, entry.prev) != expected:
            self._fail(f"the centre took {entry.node} {entry.seq}, expected {expected[0]}")
        sealed = self.stations.sealed.get(hashlib.sha256(TAG + entry.body).hexdigest())
        if entry.node != NODE and (
            sealed is None or (sealed.body, sealed.signature) != (entry.body, entry.signature)
        ):
            self._fail(f"the centre holds {entry.node} {entry.seq} as nobody has sealed it")
        self.log.append(one)
        self.stations.ever_held.add(entry.digest)
        received = one.received_ms.to_bytes(8, "big")
        self._leaves.append(
            hashlib.sha256(b"\0" + entry.body + entry.signature + received).digest()
        )

    def _check_key(self, entry: Entry) -> None:
        """Check that the key in force at the entry signed it, and follow what it changes."""
        if not self.in_force(entry.node, entry.key_id, entry.seq) and entry.node != NODE:
            self._fail(f"the centre took {entry.node} {entry.seq} by a key that is not in force")
        if key_id := self.rotates(entry):
            self._keys[entry.node].append((entry.seq + 1, key_id))
        if entry.kind == "enrolment":
            payload = msgspec.json.decode(entry.body)["payload"]
            before = self._keys.get(payload["node"], [])
            earlier = [one for one in before if one[0] < payload["from_seq"]]
            self._keys[payload["node"]] = [*earlier, (payload["from_seq"], payload["key_id"])]

    def in_force(self, node: str, key_id: str, seq: int | None = None) -> bool:
        """Tell whether a key may sign at a place, at the next one when none is named."""
        keys = sorted(self._keys.get(node, ()), key=lambda one: one[0])
        reached = [key for from_seq, key in keys if seq is None or from_seq <= seq]
        return bool(reached) and reached[-1] == key_id

    def rotates(self, entry: Entry) -> str:
        """Return the key that an entry puts in force and that has proven itself, "" for none."""
        if entry.kind != "key_rotate":
            return ""
        payload = msgspec.json.decode(entry.body)["payload"]
        message = f"{entry.node}\n{entry.key_id}\n{payload['public_key']}".encode()
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(payload["public_key"]))
        try:
            key.verify(bytes.fromhex(payload["proof"]), b"zhichao-rotate-v1\0" + message)
        except InvalidSignature:
            return ""
        return str(payload["key_id"])

    def _check_node(self, node: str, row) -> None:
        newest = self._newest(node)
        if row.head.seq != (newest.seq if newest else 0):
            self._fail(f"{node}: the head is {row.head.seq}, not that of its newest entry")
        if row.quarantined_at is None:
            self._closed.pop(node, None)
        elif node not in self._closed:
            self._closed[node] = row.head.seq
            if not self.stations.forked(node):
                self._fail(f"{node} is in quarantine, and nothing forked")
        elif row.head.seq != self._closed[node]:
            self._fail(f"{node}: entry {row.head.seq} was taken out of quarantine")

    def _check_decision(self, decision) -> None:
        if self._held(decision.node, decision.seq) is None:
            self._fail(f"a decision follows from {decision.node} {decision.seq}: not in the ledger")
        if decision.effective and decision.kind == "fine":
            same = [
                other
                for other in self._centre.disk.tables["decision"].values()
                if other.effective and other.violation_id == decision.violation_id
            ]
            if sum(other.kind == "fine" for other in same) > 1:
                self._fail(f"two fines are effective on {decision.violation_id}")

    def _check_case(self, key: object, case: Case) -> None:
        if case.state.penalty not in EFFECTIVE:
            return
        decisions = self._centre.disk.tables["decision"].values()
        if not any(one.effective for one in decisions if (one.node, one.case_no) == key):
            self._fail(f"{case.case_no} is in force, and its decision has no effect")

    def _check_alarm(self, number, row) -> None:
        if row.code == FALSE_ANSWER and not self._went_back:
            self._fail(f"{row.node} {row.seq} states an answer that the centre never gave")
        if not row.derived:
            return  # other bytes for the same place are refused, and told of, once more
        same = (row.node, row.seq, row.code, row.detail)
        for other, before in self._centre.disk.tables["alarm"].items():
            if other != number and (before.node, before.seq, before.code, before.detail) == same:
                self._fail(f"the alarm of {row.node} {row.seq} was raised twice")

    def _check_source(self, receipt: str) -> None:
        node, seq, digits = receipt.rsplit("-", 2)
        held = self._held(node, int(seq))
        if held is None or not held.entry.digest.startswith(digits):
            self._fail(f"a passage follows from {receipt}, which is not in the ledger")

    def _check_signed(self, checkpoint: Checkpoint) -> None:
        if checkpoint.root != self._root(0, checkpoint.size):
            self._fail(f"the checkpoint of {checkpoint.size} leaves is not the log's")
        self._signed[checkpoint.size, checkpoint.root] = self._leaves[: checkpoint.size]

    def answered(self, request: bytes, status: int, answer: bytes) -> None:
        """Look at an answer before it goes out."""
        if status == 200:
            self._check_acknowledged(request, msgspec.json.decode(answer, type=Acknowledged))
        elif msgspec.json.decode(answer)["code"] == FORK:
            node = msgspec.json.decode(answer)["fields"]["node"]
            if self._centre.disk.tables["node"][node].quarantined_at is None:
                self._fail(f"{node} has forked, and is not in quarantine")

    def _check_acknowledged(self, request: bytes, said: Acknowledged) -> None:
        _, entries, _ = read_batch(request)
        for entry in entries:
            held = self._held(entry.node, entry.seq)
            if held is None or held.entry.digest != entry.digest:
                self._fail(f"{entry.node} {entry.seq} was acknowledged, and something else is held")
        if said.accepted + said.duplicates != len(entries):
            self._fail(f"of {len(entries)} entries {said.accepted} + {said.duplicates} are counted")
        if (receipt := said.receipt) is None:
            return
        self.receipts += 1
        try:
            check_receipt(receipt, CENTRE)
        except ZhichaoError as exc:
            self._fail(f"a receipt does not verify: {exc}")
        inside = receipt.leaf_index < receipt.log_size <= len(self.log)
        placed = self.log[receipt.leaf_index].entry if inside else None
        named = (receipt.node, receipt.seq, receipt.digest)
        if placed is None or named != (placed.node, placed.seq, placed.digest):
            self._fail(f"a receipt names a place where {receipt.node} {receipt.seq} is not")
        elif receipt.root != self._root(0, receipt.log_size).hex():
            self._fail("a receipt names another root than the log had")

    def centre_replaced(self) -> None:
        """Begin anew with an older disk of the centre."""
        entries = self._centre.disk.tables["entry"]
        self.log = [entries[position][0] for position in range(1, len(entries) + 1)]
        del self._leaves[len(self.log) :]
        self._roots.clear()
        self._went_back = True
        self._seen.clear()
        self._closed.clear()
        self._keys.clear()
        for one in self.log:
            self._check_key(one.entry)

    def all_seen(self) -> None:
        """Check in the end that the projections are what the entries come to, and no more."""
        tables = self._centre.disk.tables
        wanted: dict[str, set[object]] = {name: set() for name in ("passage", "case", "decision")}
        for entry in (one.entry for one in self.log):
            payload = msgspec.json.decode(entry.body)["payload"]
            if POISON in payload.get("passage_id", ""):
                self._check_poison(entry)
            elif entry.kind == "passage":
                wanted["passage"].add((entry.node, payload["passage_id"]))
            elif entry.kind == "case_opened":
                wanted["case"].add((entry.node, payload["case_no"]))
            elif payload.get("act") == "decide":
                wanted["decision"].add((entry.node, entry.seq))
            self.taken += payload.get("act") == "take_effect"
        for name, keys in wanted.items():
            if set(tables[name]) != keys:
                self._fail(f"the table of each {name} is not what the entries come to")

    def _check_poison(self, entry: Entry) -> None:
        tables = self._centre.disk.tables
        kept = (entry.node, entry.digest, "poison") in tables["quarantine"]
        places = {(alarm.node, alarm.seq) for alarm in tables["alarm"].values()}
        if not kept or (entry.node, entry.seq) not in places:
            self._fail(f"{entry.node} {entry.seq} is poison, and nobody was told")

    # At the witness.

    def witnessed(self, note: str) -> None:
        """Look at a checkpoint that the witness believes."""
        checkpoint = read_note(note.encode(), [SIGNER.public_key])
        leaves = self._signed[checkpoint.size, checkpoint.root]
        if leaves[: len(self._witnessed)] != self._witnessed:
            self._fail("the witness believes a log that does not continue the one before")
        self._witnessed = leaves

    # What is known.

    def held_of(self, node: str) -> list[Entry]:
        """Return what the centre holds of a node."""
        return [one.entry for one in self.log if one.entry.node == node]

    def parted(self, machine: StationMachine) -> bool:
        """Tell whether the centre holds another branch than a station."""
        own, held = self.both(machine)
        return own[: len(held)] != held[: len(own)]

    def both(self, machine: StationMachine) -> tuple[list[str], list[str]]:
        """Return the digests of a station's ledger, and of what the centre holds of it."""
        own = [entry.digest for entry in self.stations.known[machine.name].entries]
        return own, [entry.digest for entry in self.held_of(machine.node)]

    def seen_by_people(self, node: str) -> bool:
        """Tell whether the node is in quarantine, or something of it that was refused is kept."""
        tables = self._centre.disk.tables
        kept = any(row.node == node for row in tables["quarantine"].values())
        return kept or tables["node"][node].quarantined_at is not None

    def _held(self, node: str, seq: int) -> Placed | None:
        position = self._centre.disk.tables["place"].get((node, seq))
        return self.log[position - 1] if position and position <= len(self.log) else None

    def _newest(self, node: str) -> Entry | None:
        return next((one.entry for one in reversed(self.log) if one.entry.node == node), None)

    def _root(self, lo: int, hi: int) -> bytes:
        """Return the root of leaves as RFC 6962 section 2.1 defines it."""
        if (lo, hi) in self._roots:
            return self._roots[lo, hi]
        width = hi - lo
        if width <= 1:
            return self._leaves[lo] if width else hashlib.sha256(b"").digest()
        middle = lo + (1 << (width - 1).bit_length() - 1)
        found = hashlib.sha256(b"\1" + self._root(lo, middle) + self._root(middle, hi)).digest()
        if width & (width - 1) == 0:
            self._roots[lo, hi] = found
        return found
