"""The centre's own ledger is another than was pulled: it was restored from a backup."""

from datetime import date

import msgspec
import pytest

from station.application.centre_keys import CentreKeys, Following
from station.application.parting import Parting
from station.application.pulling import Puller
from station.contract.entries import Kind, Permit, Watched, WatchList, read
from station.contract.signature import Ed25519Signer
from station.domain.errors import CentreContradicts, EvidenceError, StoreFailed, UplinkError
from station.domain.ledger import Head
from station.store.branches import SqliteBranches
from station.store.centre_ledger import SqliteCentreLedger
from station.store.database import Database
from tests.fakes import FakeCentre, sealer, store_of
from tests.unit.test_pulling import rotate

TODAY = date(2026, 3, 1)


def watch(*plates):
    return WatchList(watched=[Watched(plate=p, reason="x", until="2026-12-31") for p in plates])


PERMIT = Permit(
    permit_no="P1",
    plate="蒙L11111",
    gross_kg=60000,
    route="G6",
    first_on="2026-01-01",
    last_on="2026-12-31",
    revoked=False,
)


class Station:
    def __init__(self, folder, centre):
        self.database = Database(folder / "station.sqlite")
        self.store = store_of(self.database, sealer())
        self.pulled = SqliteCentreLedger(self.database, "linhe")
        self.puller = Puller(
            centre=centre,
            ledger=self.pulled,
            following=Following(CentreKeys.of(centre.identity), Head()),
            report=lambda *_: None,
            pulled=self.nothing,
            parting=Parting(
                centre=centre,
                ledger=self.pulled,
                branches=SqliteBranches(self.database, self.store),
                identity=centre.identity,
            ),
        )

    async def nothing(self, _answer):
        pass

    async def contradictions(self):
        return [read(entry)[1] for entry in await self.store.entries_after(0, 99)]

    async def held(self):
        return await self.pulled.entries_after(0, 999)


@pytest.fixture
def centre():
    made = FakeCentre()
    for number in range(250):
        made.publish(Kind.WATCH_LIST, watch(f"蒙L{number:05}"))
    return made


@pytest.fixture
def station(tmp_path, centre):
    made = Station(tmp_path, centre)
    yield made
    made.database.close()


def set_back(centre, to, *since):
    """Restore the centre from a backup made at entry *to*; it published *since* after that."""
    lost = centre.own_entries[to:]
    centre.own_entries = centre.own_entries[:to]
    for kind, payload in since:
        centre.publish(kind, payload)
    return lost


@pytest.mark.parametrize("more", [1, 40, 80])
async def test_another_ledger_is_taken_up_from_where_they_part_and_it_is_written_down(
    station, centre, more
):
    centre.publish(Kind.PERMIT, PERMIT)
    await station.puller.pull_all()
    lost = set_back(centre, 200, *[(Kind.WATCH_LIST, watch("蒙L77777"))] * more)
    with pytest.raises(CentreContradicts):
        await station.puller.pull_all()

    assert await station.held() == centre.own_entries
    assert await station.pulled.watched("蒙L77777", TODAY)
    assert await station.pulled.watched("蒙L00249", TODAY) is None
    assert await station.pulled.permits("蒙L11111") == []
    (said,) = await station.contradictions()
    assert (said.what, said.set_aside) == ("ledger", [one.digest for one in lost])
    assert msgspec.json.decode(said.former)["digest"] == lost[0].digest
    assert msgspec.json.decode(said.later)["digest"] == centre.own_entries[200].digest
    kept = await station.database.rows("SELECT body FROM centre_set_aside ORDER BY seq")
    assert kept == [(one.body,) for one in lost]
    with pytest.raises(StoreFailed):
        await station.database.run(lambda c: c.execute("DELETE FROM centre_set_aside"))


async def test_it_is_written_down_once_and_followed_from_then_on(station, centre):
    await station.puller.pull_all()
    set_back(centre, 249, (Kind.WATCH_LIST, watch("蒙L77777")))
    await station.puller.pull_all()  # as long as before: nothing comes that would not follow
    centre.publish(Kind.WATCH_LIST, watch("蒙L88888"))
    with pytest.raises(CentreContradicts):
        await station.puller.pull_all()
    centre.publish(Kind.WATCH_LIST, watch("蒙L99999"))
    await station.puller.pull_all()
    assert await station.held() == centre.own_entries
    assert len(await station.contradictions()) == 1


async def test_while_the_centre_only_lacks_entries_what_was_pulled_counts_on(station, centre):
    await station.puller.pull_all()
    before = await station.held()
    set_back(centre, 200)
    with pytest.raises(CentreContradicts):
        await station.puller.pull_all()
    assert await station.held() == before
    assert await station.pulled.watched("蒙L00249", TODAY)
    assert await station.contradictions() == []  # its checkpoint says it, signed


async def test_what_somebody_else_signed_takes_the_place_of_nothing(station, centre):
    await station.puller.pull_all()
    before = await station.held()
    centre.own_entries = centre.own_entries[:200]
    centre.publish(Kind.WATCH_LIST, watch("蒙L77777"), Ed25519Signer(bytes(range(7, 39))))
    with pytest.raises(EvidenceError):
        await station.puller.pull_all()
    assert await station.held() == before
    assert await station.contradictions() == []


async def test_a_key_that_the_lost_entries_told_of_is_known_no_more(station, centre):
    await station.puller.pull_all()
    first = centre.key
    rotate(centre)
    await station.puller.pull_all()
    assert station.puller.keys.knows(centre.key.key_id)
    second, centre.key = centre.key, first
    set_back(centre, 250, *[(Kind.WATCH_LIST, watch("蒙L77777"))] * 2)
    with pytest.raises(CentreContradicts):
        await station.puller.pull_all()
    assert not station.puller.keys.knows(second.key_id)
    assert await station.held() == centre.own_entries


async def test_a_line_that_breaks_while_it_is_taken_up_changes_nothing(station, centre):
    await station.puller.pull_all()
    before = await station.held()
    set_back(centre, 200, (Kind.WATCH_LIST, watch("蒙L77777")))
    true, asked = centre.down, []

    async def breaking(after):
        asked.append(after)
        if len(asked) > 5:
            raise UplinkError("lost")
        return await true(after)

    centre.down = breaking
    with pytest.raises(UplinkError):
        await station.puller.pull_all()
    assert await station.held() == before
    centre.down = true
    with pytest.raises(CentreContradicts):
        await station.puller.pull_all()
    assert await station.held() == centre.own_entries
