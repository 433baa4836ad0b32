"""Recordings follow their entries: in pieces, from where they ended, and never in the way."""

import hashlib
from datetime import timedelta

import pytest

from station.application.sending_media import GONE, LEAST, MOST, MediaSender
from station.contract.entries import Kind, Picture, Run
from station.domain.errors import NotFound, UplinkError
from station.domain.ledger import Head
from tests.fakes import FakeCentre, FakeClock, passage, sealer


def picture(number, size=100):
    return bytes([number]) * size


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Station:
    """Ledger, outbox, recordings and media of a fake station, and its sender."""

    def __init__(self, *pictures, centre=None):
        self.kept = {sha(data): data for data in pictures if data}
        self.erased, self.noticed, self.pauses = set(), [], []
        self.centre = centre or FakeCentre()
        self.clock = FakeClock()
        self.is_busy = []
        self.mark, head, self.entries = 0, Head(), []
        for number, data in enumerate(pictures):
            made = Run(program="p", detail="")
            kind = Kind.START
            if data:
                kind = Kind.PASSAGE
                taken = Picture(
                    sha256=sha(data),
                    role="scene",
                    media_type="image/jpeg",
                    size=len(data),
                    taken_at="2026-03-01T04:00:00.000Z",
                )
                made = passage(f"p{number}", pictures=[taken])
            self.entries.append(sealer().seal(kind, made, head))
            head = self.entries[-1].head
        self.acknowledged = len(self.entries)
        self.sender = MediaSender(
            ledger=self,
            outbox=self,
            recordings=self,
            media=self,
            centre=self.centre,
            busy=lambda: bool(self.is_busy and self.is_busy.pop(0)),
            notice=lambda *told: self.noticed.append(told),
            clock=self.clock,
            sleep=self.sleep,
        )

    async def entries_after(self, seq, limit):
        return self.entries[seq : seq + limit]

    async def delivered(self):
        return self.acknowledged

    async def media_sent(self):
        return self.mark

    async def note_media_sent(self, seq):
        self.mark = seq

    async def media_waiting(self):
        return self.acknowledged - self.mark

    async def was_erased(self, sha256):
        return sha256 in self.erased

    async def fetch(self, sha256):
        if sha256 not in self.kept:
            raise NotFound("media", sha256=sha256)
        return self.kept[sha256]

    async def sleep(self, seconds):
        self.pauses.append(seconds)


async def test_what_delivered_entries_name_arrives_whole_and_once():
    station = Station(picture(1), None, picture(2))
    assert await station.sender.send_page()
    assert {name: bytes(data) for name, data in station.centre.media.items()} == station.kept
    assert station.mark == 3
    assert not await station.sender.send_page()
    assert len(station.centre.chunks) == 2


async def test_what_an_entry_names_waits_until_the_entry_was_delivered():
    station = Station(picture(1), picture(2))
    station.acknowledged = 1
    await station.sender.send_page()
    assert list(station.centre.media) == [sha(picture(1))]
    assert station.mark == 1
    station.acknowledged = 2
    await station.sender.send_page()
    assert station.mark == 2


async def test_what_the_centre_has_already_is_not_sent():
    station = Station(picture(1))
    station.centre.media[sha(picture(1))] = bytearray(picture(1))
    station.centre.sizes[sha(picture(1))] = 100
    await station.sender.send_page()
    assert station.centre.chunks == []
    assert station.mark == 1


async def test_what_the_centre_lost_is_sent_again_once_a_day_and_holds_nothing_else_back():
    station = Station(picture(1), picture(2))
    station.acknowledged = 1
    await station.sender.send_page()
    station.centre.media.clear()
    station.acknowledged = 2
    station.sender.want([sha(picture(9)), sha(picture(1))])
    await station.sender.send_page()
    assert set(station.centre.media) == {sha(picture(1)), sha(picture(2))}
    assert station.noticed == [(GONE, sha(picture(9)))]
    station.sender.want([sha(picture(9))])
    await station.sender.send_page()
    assert len(station.noticed) == 1
    station.clock.move(timedelta(days=1))
    station.sender.want([sha(picture(9))])
    await station.sender.send_page()
    assert len(station.noticed) == 2


async def test_what_is_asked_for_again_waits_for_the_line():
    station = Station(picture(1))
    await station.sender.send_page()
    station.centre.media.clear()
    station.sender.want([sha(picture(1))])
    held, station.centre.held = station.centre.held, away
    with pytest.raises(UplinkError):
        await station.sender.send_page()
    station.centre.held = held
    await station.sender.send_page()
    assert list(station.centre.media) == [sha(picture(1))]


async def away(_sha256):
    raise UplinkError("away")


async def test_after_a_break_it_goes_on_where_it_ended():
    data = bytes(range(256)) * 400
    station = Station(data)
    station.centre.media[sha(data)] = bytearray(data[:50_000])
    await station.sender.send_page()
    assert station.centre.chunks[0][1] == 50_000
    assert bytes(station.centre.media[sha(data)]) == data


async def test_a_line_that_fails_in_the_middle_forgets_nothing():
    data = bytes(range(256)) * 400
    station = Station(data)
    station.centre.answers = [UplinkError("away")]
    with pytest.raises(UplinkError):
        await station.sender.send_page()
    assert station.mark == 0
    await station.sender.send_page()
    assert bytes(station.centre.media[sha(data)]) == data


async def test_pieces_grow_on_a_quick_line_up_to_a_bound():
    station = Station(bytes(2_000_000))
    await station.sender.send_page()
    sizes = [size for _, _, size in station.centre.chunks]
    assert sizes[:6] == [LEAST, 2 * LEAST, 4 * LEAST, 8 * LEAST, MOST, MOST]
    assert max(sizes) == MOST


async def test_pieces_stay_small_on_a_slow_line():
    class Slow(FakeCentre):
        async def send(self, sha256, offset, size, chunk):
            station.clock.move(timedelta(seconds=len(chunk) / 8192))
            return await super().send(sha256, offset, size, chunk)

    station = Station(bytes(300_000), centre=Slow())
    await station.sender.send_page()
    assert {size for _, _, size in station.centre.chunks[:-1]} == {LEAST}


async def test_a_piece_waits_while_entries_are_on_their_way():
    station = Station(picture(1))
    station.is_busy = [True, True, False]
    await station.sender.send_page()
    assert len(station.pauses) == 2
    assert station.mark == 1


async def test_a_recording_that_is_gone_is_told_once_and_blocks_nothing():
    station = Station(picture(1), picture(2))
    del station.kept[sha(picture(1))]
    await station.sender.send_page()
    await station.sender.send_page()
    assert station.noticed == [(GONE, sha(picture(1)))]
    assert list(station.centre.media) == [sha(picture(2))]
    assert station.mark == 2


async def test_a_recording_whose_time_was_over_is_not_missed():
    station = Station(picture(1))
    station.kept, station.erased = {}, {sha(picture(1))}
    await station.sender.send_page()
    assert station.noticed == []
    assert station.mark == 1


async def test_a_centre_that_takes_nothing_is_not_asked_for_ever():
    class Full(FakeCentre):
        async def send(self, sha256, offset, size, chunk):
            self.chunks.append(offset)
            return await self.held(sha256)

    station = Station(picture(1), centre=Full())
    with pytest.raises(UplinkError):
        await station.sender.send_page()
    assert len(station.centre.chunks) == 1
    assert station.mark == 0
