"""A simulated body camera: its clips cover the acts, and what it loses is known."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from simulators.officers.body_camera import LOST_AT, QUIET_S, BodyCamera
from station.contract.media import HEAD_BYTES, type_of
from station.domain.closing import ActAt, Clip, covers
from station.store.inbox import FolderInbox
from station.store.media import FileMedia
from tests.fakes import FakeClock


async def one_act(camera: BodyCamera, clock: FakeClock, case_no: str) -> ActAt:
    """Do an act, then nothing for long enough."""
    camera.on()
    act = ActAt(case_no=case_no, name="notify", seq=7, at=clock.now(), officers=("P1", "P2"))
    camera.off(case_no, act.name)
    await camera.copy()  # still warm: nothing is copied yet
    clock.move(timedelta(seconds=QUIET_S))
    await camera.copy()
    return act


async def test_a_clip_of_an_act_is_taken_in_as_covering_it(tmp_path: Path) -> None:
    clock = FakeClock()
    camera = BodyCamera(tmp_path / "inbox", "P1", clock.now)
    clock.move(timedelta(milliseconds=400))  # the times in its name are of whole seconds
    act = await one_act(camera, clock, "C1")
    (file,) = (tmp_path / "inbox").rglob("*.mp4")
    assert type_of(file.read_bytes()[:HEAD_BYTES]) == "video/mp4"
    media = FileMedia(tmp_path / "media")
    inbox = FolderInbox(tmp_path / "inbox", media)
    (found,) = await inbox.look()
    told = await inbox.told(found)
    inbox.close()
    media.close()
    clip = Clip(officer=found.folder, began_at=told.began_at, ended_at=told.ended_at)
    assert covers(clip, act)
    assert told.ended_at - told.began_at <= timedelta(seconds=QUIET_S + 2)
    assert not camera.lost


async def test_what_a_lost_clip_would_have_shown_is_known(tmp_path: Path) -> None:
    clock = FakeClock()
    camera = BodyCamera(tmp_path / "inbox", "P1", clock.now)
    for number in range(LOST_AT):
        await one_act(camera, clock, f"C{number}")
    assert camera.lost == {(f"C{LOST_AT - 1}", "notify")}
    assert camera.clips == LOST_AT - 1
    nowhere = BodyCamera(None, "P1", clock.now)
    await one_act(nowhere, clock, "C9")
    assert nowhere.lost == {("C9", "notify")}
