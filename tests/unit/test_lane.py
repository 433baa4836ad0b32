"""Which plate belongs to which weight."""

from datetime import UTC, datetime, timedelta

import pytest

from station.application.lane import WINDOW_NS, Lane, LastPassage, Unweighed, Weighed
from station.application.measuring import Changed, MeasuringRules
from station.domain.plates import PlateColour, PlateReading, Sighting
from station.domain.units import Kg
from station.domain.weighing import Reading

STEP_NS = 100_000_000
T0 = datetime(2026, 3, 1, tzinfo=UTC)
BOX = ((0, 0), (9, 0), (9, 9), (0, 9))


def reading_of(text, *, sure=True):
    return PlateReading(
        text=text if sure else None,
        best_guess=text,
        confidence_permille=950 if sure else 400,
        colour=PlateColour.YELLOW,
        rows=1,
        box=BOX,
    )


def sighting(step, *texts, sure=True):
    readings = tuple(reading_of(text, sure=sure) for text in texts)
    return Sighting(
        at=T0 + timedelta(milliseconds=100 * step),
        mono_ns=step * STEP_NS,
        readings=readings,
        picture_jpeg=b"picture",
        crops_jpeg=tuple(b"crop" for _ in readings),
    )


class Scene:
    """Plays a lane in steps of a tenth of a second."""

    def __init__(self, last=None):
        self.lane = Lane(MeasuringRules(), last)
        self.step = 0
        self.outcomes = []

    def show(self, weight, times, **seen):
        for _ in range(times):
            at_ns = self.step * STEP_NS
            frame = Reading(b"%d" % weight, self.step, gross=Kg(weight))
            self.outcomes += self.lane.reading(frame, at_ns)
            self.outcomes += self.lane.tick(at_ns)
            self.step += 1
        return self

    def see(self, *texts, sure=True):
        self.outcomes += self.lane.sighting(sighting(self.step, *texts, sure=sure))
        return self

    def wait(self, seconds):
        return self.show(0, int(seconds * 10))

    @property
    def plates(self):
        return [
            (o.settled.gross, o.plates.tractor.reading and o.plates.tractor.reading.text)
            for o in self.outcomes
            if isinstance(o, Weighed)
        ]


def test_weight_and_plate_are_joined():
    scene = Scene().show(0, 5).see("蒙L12345").show(30000, 10).see("蒙L12345").show(30000, 20)
    assert scene.plates == [(30000, "蒙L12345")]


def test_a_plate_seen_once_waits_for_a_second_look():
    scene = Scene().show(0, 5).show(30000, 5).see("蒙L12345").show(30000, 14)
    assert scene.plates == []
    scene.show(30000, 25)
    assert scene.plates == [(30000, "蒙L12345")]


def test_an_unsure_reading_goes_to_the_officer_after_ten_seconds():
    scene = Scene().show(0, 5).show(30000, 5).see("蒙L12345", sure=False).show(30000, 100)
    assert scene.plates == []
    scene.show(30000, 30)
    assert scene.plates == [(30000, None)]
    assert scene.outcomes[0].plates.tractor.candidates == ("蒙L12345",)


def test_two_certain_numbers_are_ambiguous_and_go_to_the_officer_at_once():
    scene = Scene().show(0, 5).show(30000, 5).see("蒙L12345").see("蒙L12346").show(30000, 20)
    assert scene.plates == [(30000, None)]
    assert scene.outcomes[0].plates.tractor.ambiguous


def test_tractor_and_trailer_are_two_plates():
    scene = Scene().show(0, 5).show(30000, 5)
    scene.see("蒙L12345", "蒙L1234挂").see("蒙L12345", "蒙L1234挂").show(30000, 20)
    assert scene.plates == [(30000, "蒙L12345")]
    assert scene.outcomes[0].plates.trailer.reading.text == "蒙L1234挂"


def test_the_plate_of_the_vehicle_before_is_not_taken_for_the_next_one():
    scene = Scene().show(0, 5).see("蒙L11111").see("蒙L11111").show(30000, 25)
    scene.show(0, 5).see("蒙L11111")  # on its way out
    scene.show(40000, 140)
    assert scene.plates == [(30000, "蒙L11111"), (40000, None)]


@pytest.mark.parametrize(("empty_between", "second"), [(True, "蒙L22222"), (False, None)])
def test_the_plate_of_the_next_vehicle_is_not_taken_for_the_one_that_left(empty_between, second):
    scene = Scene().show(0, 5).show(30000, 25).show(0, 5)
    if empty_between:
        scene.see()
    # Without it, this may be the unread vehicle on its way out: an officer decides.
    scene.see("蒙L22222").show(40000, 10).see("蒙L22222").show(40000, 140)
    assert scene.plates == [(30000, None), (40000, second)]


X, A = "蒙L11111", "蒙L22222"


def never_settles(scene):
    """X comes, is read, and leaves before its weight settled."""
    return scene.show(30000, 5).see(X).see(X).show(30000, 5)


def test_the_plate_of_a_vehicle_that_never_settled_is_not_the_next_ones():
    scene = never_settles(Scene().show(0, 5)).show(0, 20)
    scene.show(48000, 30).wait(15)
    assert scene.plates == [(48000, None)]


def test_the_plate_of_an_unweighed_vehicle_on_its_way_out_is_not_the_next_ones():
    scene = never_settles(Scene().show(0, 5)).show(0, 5).see(X).see(X).show(0, 15)
    scene.show(48000, 150)
    assert scene.plates == [(48000, None)]


def test_an_unread_vehicle_read_on_its_way_out_does_not_name_the_next_one():
    scene = Scene().show(0, 5).show(30000, 140).show(0, 5).see(X).see(X).show(0, 15)
    scene.show(48000, 150)
    assert scene.plates == [(30000, None), (48000, None)]


def test_an_unread_vehicle_read_too_late_does_not_name_the_next_one():
    scene = Scene().show(0, 5).show(30000, 140).see(X).see(X).show(30000, 10).show(0, 10)
    scene.show(48000, 30).wait(15)
    assert scene.plates == [(30000, None), (48000, None)]


def test_a_vehicle_still_in_view_does_not_name_the_one_on_the_platform():
    scene = Scene().show(0, 5).see(X).see(X).show(49000, 25).show(0, 3)
    scene.show(30000, 4).see(X).show(30000, 4).see(X).show(30000, 140)
    assert scene.plates == [(49000, X), (30000, None)]


def test_the_trailer_before_is_not_the_next_ones():
    scene = Scene().show(0, 5).see(X, "蒙L1111挂").see(X, "蒙L1111挂").show(49000, 25).show(0, 5)
    scene.see("蒙L1111挂").show(0, 20).see(A).show(30000, 10).see(A).show(30000, 30)
    assert scene.plates == [(49000, X), (30000, A)]
    assert scene.outcomes[-1].plates.trailer.reading is None


def test_a_line_lost_after_the_weight_settled_waits_for_no_later_vehicle():
    scene = Scene().show(0, 5).show(30000, 25)
    scene.lane.scale_lost("device.port_lost", scene.step * STEP_NS)
    scene.step += 30
    scene.see(A).see(A)
    scene.outcomes += scene.lane.tick((scene.step + 40) * STEP_NS)
    assert scene.plates == [(30000, None)]


def test_a_weight_that_changes_before_its_plate_is_read_is_recorded_first():
    scene = Scene().show(0, 5).see(A).see(A).show(30000, 25).show(0, 5).see().show(0, 20)
    scene.show(40000, 30).show(46000, 30)
    assert [type(o) for o in scene.outcomes] == [Weighed, Weighed, Changed, Weighed]
    assert scene.plates == [(30000, A), (40000, None), (46000, None)]


def test_a_vehicle_that_was_not_whole_on_the_platform_is_weighed_again_for_an_officer():
    scene = Scene().show(0, 5).see(X).see(X).show(9000, 25).show(49000, 25).show(0, 20)
    assert [type(o) for o in scene.outcomes] == [Weighed, Changed, Weighed]
    assert scene.plates == [(9000, X), (49000, None)]
    assert scene.outcomes[-1].plates.tractor.candidates == (X,)


def test_a_vehicle_recorded_is_not_recorded_again_as_unweighed():
    never = never_settles(Scene().show(0, 5)).show(0, 5).see(X).see(X).wait(15)
    assert len(never.outcomes) == 1
    ambiguous = Scene().show(0, 5).show(30000, 5).see(X).see(A).show(30000, 20)
    ambiguous.see(X).show(30000, 10).see(X).show(30000, 10).wait(15)
    assert ambiguous.plates == [(30000, None)]
    assert len(ambiguous.outcomes) == 1
    late = Scene().show(0, 5).show(30000, 140).see(X).show(30000, 10).see(X).show(30000, 10)
    late.wait(15)
    assert len(late.outcomes) == 1


def test_a_vehicle_that_left_before_the_line_was_lost_hides_nobody():
    scene = Scene().show(0, 5).see(X).see(X).show(30000, 25).show(0, 20)
    scene.lane.scale_lost("device.port_lost", scene.step * STEP_NS)
    scene.show(30020, 150)
    assert scene.plates == [(30000, X), (30020, None)]


def test_the_same_truck_may_come_again_once_the_scene_was_empty():
    scene = Scene().show(0, 5).see("蒙L11111").see("蒙L11111").show(50000, 25)
    scene.show(0, 5).see().show(0, 20).see("蒙L11111").show(40000, 5).show(40000, 40)
    assert scene.plates == [(50000, "蒙L11111"), (40000, "蒙L11111")]


@pytest.mark.parametrize(("before_s", "joined"), [(9, True), (11, False)])
def test_a_plate_is_joined_within_ten_seconds_before_the_arrival(before_s, joined):
    scene = Scene().show(0, 5).see("蒙L12345").see("蒙L12345").wait(before_s)
    scene.show(30000, 140)
    assert scene.plates == [(30000, "蒙L12345" if joined else None)]


def test_a_vehicle_seen_and_never_weighed_is_recorded_as_such():
    scene = Scene().show(0, 5).see("蒙L12345").show(0, 5).see("蒙L12345").wait(11)
    (outcome,) = scene.outcomes
    assert isinstance(outcome, Unweighed)
    assert (outcome.plate, outcome.reason) == ("蒙L12345", "not_weighed")


def test_the_reason_of_an_unweighed_pass_is_the_scales_fault():
    scene = Scene().show(0, 5)
    scene.lane.scale_lost("device.port_lost", scene.step * STEP_NS)
    scene.see("蒙L12345").see("蒙L12345")
    scene.outcomes += scene.lane.tick(scene.step * STEP_NS + WINDOW_NS + 1)
    assert [o.reason for o in scene.outcomes] == ["device.port_lost"]


def test_a_vehicle_that_never_settled_is_recorded_with_its_plate():
    scene = Scene().show(0, 5).see("蒙L12345").see("蒙L12345").show(30000, 5).show(0, 5)
    (outcome,) = scene.outcomes
    assert (outcome.plate, outcome.reason) == ("蒙L12345", "not_settled")
    scene.wait(15)
    assert len(scene.outcomes) == 1


def test_a_line_lost_after_the_weight_settled_loses_nothing():
    scene = Scene().show(0, 5).show(30000, 25)
    scene.lane.scale_lost("device.port_lost", scene.step * STEP_NS)
    scene.see("蒙L12345").see("蒙L12345")
    assert scene.plates == [(30000, "蒙L12345")]


def test_the_same_vehicle_after_a_re_plugged_line_is_not_recorded_twice():
    scene = Scene().show(0, 5).see("蒙L12345").see("蒙L12345").show(30000, 25)
    scene.lane.scale_lost("device.port_lost", scene.step * STEP_NS)
    scene.show(30000, 150)
    assert scene.plates == [(30000, "蒙L12345")]


def test_another_vehicle_after_a_re_plugged_line_is_recorded():
    scene = Scene().show(0, 5).see("蒙L12345").see("蒙L12345").show(30000, 25)
    scene.lane.scale_lost("device.port_lost", scene.step * STEP_NS)
    scene.show(30040, 5).see("蒙L54321").see("蒙L54321").show(30040, 40)
    assert scene.plates == [(30000, "蒙L12345"), (30040, "蒙L54321")]


@pytest.mark.parametrize(("plate", "recorded"), [("蒙L12345", 0), ("蒙L54321", 1)])
def test_after_a_restart_the_vehicle_recorded_last_is_not_recorded_again(plate, recorded):
    scene = Scene(LastPassage(plate="蒙L12345", gross=Kg(30000)))
    scene.see(plate).show(30000, 5).see(plate).show(30000, 40)
    assert len(scene.plates) == recorded
