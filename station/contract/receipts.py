"""What receipts promise together (回执): one log that only grows, one place for an entry."""

from __future__ import annotations

from station.contract.uplink import Receipt
from station.domain.errors import BadReceipt


def check_place(receipt: Receipt) -> None:
    """Check that a receipt is possible by itself.

    Raises:
        BadReceipt: its entry would stand outside its tree.
    """
    if not 0 <= receipt.leaf_index < receipt.log_size or receipt.seq < 1:
        raise _bad("its entry stands outside its tree", receipt)


def check_both(earlier: Receipt, later: Receipt) -> None:
    """Check that two receipts of one node can both be true.

    Args:
        earlier: the one that came first.
        later: the one that came after it.

    Raises:
        BadReceipt: they cannot, unless the centre's log was replaced: it shrank, or has two roots
            of one size, or moved an entry, or holds another one at a place.
    """
    if later.log_size < earlier.log_size:
        raise _bad(f"the log shrank from {earlier.log_size} to {later.log_size}", later)
    if later.log_size == earlier.log_size and later.root != earlier.root:
        raise _bad("the log has two roots of one size", later)
    places = (earlier.leaf_index, earlier.digest), (later.leaf_index, later.digest)
    if later.seq == earlier.seq and places[0] != places[1]:
        raise _bad("the entry has moved, or is another", later)
    in_order = (later.seq > earlier.seq) == (later.leaf_index > earlier.leaf_index)
    if later.seq != earlier.seq and not in_order:
        raise _bad("the entries have changed their order", later)


def _bad(why: str, receipt: Receipt) -> BadReceipt:
    return BadReceipt(why, node=receipt.node, seq=receipt.seq)
