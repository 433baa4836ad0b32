"""Deliveries go first, but not for ever."""

import asyncio

import pytest

from central.application import traffic as module
from central.application.traffic import Traffic

TURNS = 20


@pytest.fixture
def traffic(monkeypatch):
    """A pause is one turn of the loop."""
    monkeypatch.setattr(module, "QUIET_S", 0)
    return Traffic()


async def turns():
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def test_who_follows_waits_for_every_delivery_in_hand(traffic):
    with traffic.delivery():
        with traffic.delivery():
            follower = asyncio.create_task(traffic.quiet())
            await turns()
        await turns()
        assert not follower.done()
    await turns()
    assert follower.done()


async def test_a_delivery_during_the_pause_begins_another_one(traffic, monkeypatch):
    slept = []
    sleep = asyncio.sleep

    async def busy(seconds):
        slept.append(seconds)
        if len(slept) < 3:
            with traffic.delivery():
                await sleep(0)
        await sleep(0)

    monkeypatch.setattr(module.asyncio, "sleep", busy)
    await traffic.quiet()
    assert len(slept) == 3


async def test_who_follows_does_not_wait_for_ever(traffic, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0)
    with traffic.delivery():
        await traffic.quiet()


async def test_a_delivery_that_fails_is_in_hand_no_more(traffic):
    with pytest.raises(ValueError, match="bad"), traffic.delivery():
        raise ValueError("bad")
    await traffic.quiet()
