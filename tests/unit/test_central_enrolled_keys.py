"""Keys that a node had before end where the one that is enrolled begins; an audit says the same."""

import pytest

from central.domain.auditing.registering import Registering
from central.domain.auditing.seen import see
from central.domain.enrolment import enrolled
from station.contract.entries import Enrolment, Kind
from station.contract.keyring import KeyRing
from station.contract.signature import Ed25519Signer
from station.domain.errors import KeysNotProven
from station.domain.ledger import Head
from tests.fakes import sealer
from tests.unit.audit_world import World

KEYS = [Ed25519Signer(bytes([number]) * 32) for number in range(1, 5)]
CENTRE = sealer(node="centre", key=200)


def ring_after(*enrolments):
    """Enrol the keys one after the other: (key, last_seq, after_seq)."""
    ring = KeyRing(())
    for key, last_seq, after_seq in enrolments:
        change = enrolled(ring, key.public_key, last_seq=last_seq, after_seq=after_seq)
        ended = {one.key_id: one for one in change.ended}
        ring = KeyRing((*(ended.get(one.key_id, one) for one in ring.keys), change.new))
    return ring


def spans(ring):
    return [(key.from_seq, key.until_seq) for key in ring.keys]


def test_the_first_key_is_good_from_the_first_entry_whatever_is_held():
    assert spans(ring_after((KEYS[0], 0, 7))) == [(1, None)]


def test_the_next_key_begins_after_what_is_held_and_after_what_others_have_signed():
    assert spans(ring_after((KEYS[0], 0, 0), (KEYS[1], 4, 0))) == [(1, 4), (5, None)]
    assert spans(ring_after((KEYS[0], 0, 0), (KEYS[1], 4, 6))) == [(1, 6), (7, None)]


def test_of_two_keys_in_a_row_only_the_last_is_good_where_both_could_have_signed():
    ring = ring_after((KEYS[0], 0, 0), (KEYS[1], 4, 6), (KEYS[2], 4, 0))

    good = [[key.key_id for key in ring.keys if key.good_at(seq)] for seq in (4, 5, 6, 7)]
    assert good == [[KEYS[0].key_id], *[[KEYS[2].key_id]] * 3]


def test_a_key_that_has_ended_is_not_enrolled_again():
    ring = ring_after((KEYS[0], 0, 0), (KEYS[1], 4, 0))
    with pytest.raises(KeysNotProven):
        enrolled(ring, KEYS[0].public_key, last_seq=9, after_seq=0)
    assert enrolled(ring, KEYS[1].public_key, last_seq=9, after_seq=0).new is None


def test_a_key_that_begins_after_entries_that_are_gone_is_not_enrolled_again():
    ring = ring_after((KEYS[0], 0, 0), (KEYS[1], 2, 4))
    assert enrolled(ring, KEYS[1].public_key, last_seq=2, after_seq=4).from_seq == 5
    with pytest.raises(KeysNotProven):
        enrolled(ring, KEYS[1].public_key, last_seq=2, after_seq=3)


@pytest.mark.parametrize(
    "enrolments",
    [
        ((KEYS[0], 0, 0),),
        ((KEYS[0], 0, 0), (KEYS[1], 4, 0)),
        ((KEYS[0], 0, 0), (KEYS[1], 4, 6), (KEYS[2], 4, 0)),
        ((KEYS[0], 0, 0), (KEYS[1], 4, 9), (KEYS[2], 4, 6), (KEYS[3], 9, 0)),
    ],
    ids=len,
)
def test_an_audit_follows_the_same_register_from_the_entries(enrolments):
    ring, world = ring_after(*enrolments), World()
    following, head = Registering("centre", CENTRE.signer.public_key), Head()
    for number, key in enumerate(ring.keys):
        told = Enrolment(
            node="linhe",
            alg=key.alg,
            key_id=key.key_id,
            public_key=key.public_key.hex(),
            from_seq=key.from_seq,
        )
        entry = CENTRE.seal(Kind.ENROLMENT, told, head)
        head = entry.head
        world.accept(entry)
        following.see(see(world.rows[-1], number))

    assert following.rings["linhe"] == ring
