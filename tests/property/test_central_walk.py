"""However a ledger arrives, cut, repeated, disordered or forged: its beginning is what is held."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from central.domain.chain import walk
from station.contract.entries import Kind, Run
from station.contract.keyring import KeyRing, NodeKey
from station.domain.errors import BadSignature, BrokenChain, Fork
from station.domain.ledger import Head
from tests.fakes import sealer

SIGNER = sealer().signer
RING = KeyRing((NodeKey(key_id=SIGNER.key_id, public_key=SIGNER.public_key, from_seq=1),))


def ledger(count, text="x"):
    made, head, seal = [], Head(), sealer().seal
    for number in range(count):
        made.append(seal(Kind.START, Run(program=text, detail=str(number)), head))
        head = made[-1].head
    return made


LEDGER = ledger(8)
TWIN = ledger(8, "y")
slices = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda ends: slice(*sorted(ends)))


class Held:
    """A centre that keeps what a walk accepts."""

    def __init__(self):
        self.entries = []
        self.quarantined = False

    def take(self, batch):
        if self.quarantined:
            return None
        head = self.entries[-1].head if self.entries else Head()
        held = {entry.seq: entry.digest for entry in self.entries}
        found = walk(batch, head, held, RING)
        self.entries += found.accepted
        self.quarantined = isinstance(found.refusal, Fork)
        return found


@given(st.lists(slices, max_size=12))
def test_any_batches_in_any_order_hold_a_beginning_of_the_ledger(cuts):
    held = Held()
    for cut in cuts:
        batch = LEDGER[cut]
        before = len(held.entries)
        found = held.take(batch)
        if found.refusal:
            assert isinstance(found.refusal, BrokenChain)
            assert found.refusal.fields["expected"] == len(held.entries) + 1
        else:
            assert len(found.accepted) + found.duplicates == len(batch)
        assert held.entries == LEDGER[: len(held.entries)]
        assert len(held.entries) >= before


@given(st.lists(slices, max_size=6))
def test_sending_from_where_it_says_always_ends_in_the_whole_ledger(cuts):
    held = Held()
    for cut in cuts:
        held.take(LEDGER[cut])
    held.take(LEDGER[len(held.entries) :])

    assert held.entries == LEDGER


@given(st.permutations(range(8)))
def test_one_batch_in_a_wrong_order_is_held_up_to_where_it_breaks(order):
    held = Held()
    found = held.take([LEDGER[place] for place in order])

    right = next((at for at, place in enumerate(order) if at != place), 8)
    assert held.entries == LEDGER[:right]
    assert (found.refusal is None) is (right == 8)


@settings(deadline=None)
@given(st.integers(0, 7), st.integers(0, 7))
def test_a_twin_never_gets_into_the_ledger_and_is_always_seen(length, at):
    held = Held()
    held.take(LEDGER[: length + 1])
    found = held.take(TWIN[at:])

    assert held.entries == LEDGER[: length + 1]
    if at > length + 1:
        assert isinstance(found.refusal, BrokenChain)
    else:
        assert isinstance(found.refusal, Fork)
        assert list(found.refused) == TWIN[at:]
        assert held.quarantined


@settings(deadline=None)
@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 511))
def test_a_forged_signature_is_refused_and_quarantines_nobody(held_up_to, at, bit):
    signature = bytearray(LEDGER[at].signature)
    signature[bit // 8] ^= 1 << bit % 8
    forged = replace(LEDGER[at], signature=bytes(signature))
    stranger = replace(TWIN[at], signature=bytes(signature))
    held = Held()
    held.take(LEDGER[:held_up_to])
    before = list(held.entries)

    for entry in (forged, stranger):
        found = held.take([entry])
        if at < held_up_to and entry is forged:
            assert found.duplicates == 1  # the body is the one held; its true signature stays
        elif at <= held_up_to:
            assert isinstance(found.refusal, BadSignature)
        else:
            assert isinstance(found.refusal, BrokenChain)
    assert held.entries == before
    assert not held.quarantined
