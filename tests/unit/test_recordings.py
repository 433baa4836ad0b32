"""A recording arrives in pieces, goes on after a break, and is kept when its digest is right."""

import hashlib

import pytest

from central.store.recordings import MOST_BYTES, FileRecordings
from station.contract.uplink import Held
from station.domain.errors import MalformedEntry, NotFound, WrongRecording

DATA = bytes(range(256)) * 40
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def recordings(tmp_path):
    made = FileRecordings(tmp_path)
    yield made
    made.close()


async def send(recordings, name=NAME, data=DATA, pieces=3):
    step = -(-len(data) // pieces)
    for offset in range(0, len(data), step):
        held = await recordings.add("linhe", name, offset, len(data), data[offset : offset + step])
    return held


async def test_pieces_in_order_make_the_whole(recordings):
    assert await recordings.held("linhe", NAME) == Held(held=0, complete=False)
    assert await send(recordings) == Held(held=len(DATA), complete=True)
    assert await recordings.fetch(NAME) == DATA


async def test_it_goes_on_where_it_broke_off(recordings, tmp_path):
    await recordings.add("linhe", NAME, 0, len(DATA), DATA[:1000])
    again = FileRecordings(tmp_path)
    assert (await again.held("linhe", NAME)).held == 1000
    assert (await again.add("linhe", NAME, 1000, len(DATA), DATA[1000:])).complete
    again.close()


@pytest.mark.parametrize("offset", [0, 999, 1001])
async def test_a_piece_that_does_not_follow_changes_nothing(recordings, offset):
    await recordings.add("linhe", NAME, 0, len(DATA), DATA[:1000])

    assert await recordings.add("linhe", NAME, offset, len(DATA), b"x") == Held(
        held=1000, complete=False
    )


async def test_another_content_is_thrown_away_and_sent_anew(recordings):
    with pytest.raises(WrongRecording):
        await send(recordings, data=DATA[::-1])
    assert (await recordings.held("linhe", NAME)).held == 0
    with pytest.raises(NotFound):
        await recordings.fetch(NAME)
    assert (await send(recordings)).complete


async def test_sending_a_held_one_again_is_harmless(recordings):
    await send(recordings)
    assert await recordings.add("linhe", NAME, 0, len(DATA), b"x") == Held(
        held=len(DATA), complete=True
    )
    assert await recordings.fetch(NAME) == DATA


@pytest.mark.parametrize(("offset", "size"), [(0, 0), (0, MOST_BYTES + 1), (5, 5), (0, 2)])
async def test_what_does_not_fit_its_own_size_is_refused(recordings, offset, size):
    with pytest.raises(MalformedEntry):
        await recordings.add("linhe", NAME, offset, size, b"abc")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME.upper(), NAME[:-1], NAME + "0"])
async def test_only_a_digest_names_a_recording(recordings, name):
    for asked in (
        recordings.held("linhe", name),
        recordings.fetch(name),
        recordings.add("linhe", name, 0, 1, b"x"),
    ):
        with pytest.raises(NotFound):
            await asked


async def test_a_flipped_bit_is_found_when_it_is_read(recordings, tmp_path):
    await send(recordings)
    (tmp_path / NAME[:2] / NAME).write_bytes(DATA[:-1] + b"\0")
    with pytest.raises(NotFound, match="no longer what it was"):
        await recordings.fetch(NAME)


async def test_nobody_spoils_what_another_node_sends(recordings):
    await recordings.add("linhe", NAME, 0, len(DATA), DATA[:1000])
    await recordings.add("wuda", NAME, 0, len(DATA), b"rubbish")
    assert (await recordings.add("linhe", NAME, 1000, len(DATA), DATA[1000:])).complete
    assert await recordings.fetch(NAME) == DATA
