"""A node in quarantine delivers again when two officers say so, and never otherwise."""

from datetime import timedelta

import pytest

from central.application.accept import TakeAhead
from central.application.releasing import Release
from station.contract.entries import Kind, QuarantineRelease, Run, read
from station.domain.errors import Fork, InvalidFacts, NotFound, OwnProposal
from station.domain.ledger import parse
from tests.migration.central_kit import FakeStation, Headquarters

pytest_plugins = ["tests.migration.central_database"]


@pytest.fixture
async def hq(database):
    """Linhe's clone has forked its ledger."""
    made = Headquarters(database, FakeStation())
    await made.enrol()
    clone = FakeStation()
    for station, text in ((made.stations[0], "x"), (clone, "y")):
        station.write(Kind.START, Run(program=text, detail=""))
    await made.accept(made.stations[0].batch())
    with pytest.raises(Fork):
        await made.accept(clone.batch())
    return made


@pytest.fixture
def release(hq):
    return Release(archive=hq.archive, own=hq.own, clock=hq.clock, announce=hq.told.add)


async def goes_on(hq):
    station = hq.stations[0]
    station.write(Kind.STOP, Run(program="x", detail=""))
    return await hq.accept(station.batch(len(station.entries)))


async def test_two_officers_release_and_the_ledger_names_them(hq, release):
    hq.told.nodes.clear()
    assert not await release("linhe", "HQ1", "clone found")
    assert list(hq.told.nodes) == ["linhe"]  # every page shows the proposal at once
    with pytest.raises(Fork, match="quarantine"):
        await goes_on(hq)

    assert await release("linhe", "HQ2", "confirmed")

    hq.stations[0].entries.pop()
    assert (await goes_on(hq)).receipt.seq == 2
    ((body, signature),) = await hq.rows("SELECT body, signature FROM entry WHERE node = 'centre'")
    _, payload = read(parse(body, signature))
    assert payload == QuarantineRelease(
        node="linhe", head_seq=1, reason="clone found; confirmed", officers=["HQ1", "HQ2"]
    )
    assert len(await hq.rows("SELECT 1 FROM quarantine")) == 1  # what was refused is still kept
    assert await hq.rows(
        "SELECT node, seq, code, detail FROM alarm ORDER BY alarm_id DESC LIMIT 1"
    ) == [("linhe", 1, "quarantine.released", "clone found; confirmed")]


async def test_what_was_sent_ahead_before_a_release_is_kept_and_closes_nothing_again(hq, release):
    clone = FakeStation()
    for text in ("x", "y", "y"):
        clone.write(Kind.START, Run(program=text, detail=""))
    await hq.rows("UPDATE node SET quarantined_at = NULL")
    await TakeAhead(archive=hq.archive, clock=hq.clock)(clone.batch(first=3), "linhe")
    await hq.rows("UPDATE node SET quarantined_at = now()")

    await release("linhe", "HQ1", "clone found")
    assert await release("linhe", "HQ2", "confirmed")

    assert await hq.rows("SELECT seq FROM ahead") == []
    kept = await hq.rows("SELECT seq, reason, body FROM quarantine ORDER BY seq")
    assert kept[-1] == (3, "fork", clone.entries[2].body)
    own = FakeStation()
    for text in ("x", "x", "x", "x"):
        own.write(Kind.START, Run(program=text, detail=""))
    assert (await hq.accept(own.batch())).receipt.seq == 4


async def test_nobody_confirms_himself(hq, release):
    await release("linhe", "HQ1", "clone found")
    with pytest.raises(OwnProposal):
        await release("linhe", "HQ1", "again")
    with pytest.raises(Fork):
        await goes_on(hq)


@pytest.mark.parametrize(("hours", "released"), [(23, True), (24, False)])
async def test_a_proposal_lasts_a_day(hq, release, hours, released):
    await release("linhe", "HQ1", "clone found")
    hq.clock.move(timedelta(hours=hours))

    assert await release("linhe", "HQ2", "confirmed") is released


async def test_a_reason_is_needed_and_a_node_in_quarantine(hq, release):
    with pytest.raises(InvalidFacts):
        await release("linhe", "HQ1", "  ")
    for node in ("centre", "unknown"):
        with pytest.raises(NotFound):
            await release(node, "HQ1", "why")
