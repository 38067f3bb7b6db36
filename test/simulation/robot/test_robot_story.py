"""Order of the objects, lies, and when each message is due."""

from itertools import pairwise
from threading import Event

import numpy as np
import pytest

from omnibind_ros.progress import no_progress
from omnibind_ros.simulation.objects.meshes import MeshError
from omnibind_ros.simulation.robot import playing
from omnibind_ros.simulation.robot.config import RobotConfig, check_sensors
from omnibind_ros.simulation.robot.playing import Player, schedule
from omnibind_ros.simulation.robot.rendered import Renderer, RenderPlan, Thing, render_all
from omnibind_ros.simulation.robot.rendering import Reading, RobotViews
from omnibind_ros.simulation.robot.story import Story, ordered
from omnibind_ros.simulation.robot.views import StoredViews, ViewsError, write_views


class Broken:
    """A model that cannot be loaded."""

    def load(self):
        raise MeshError("its file is empty: restore it.")


def things(labels):
    return [Thing(f"{label}-{n}", label, (), Broken()) for n, label in enumerate(labels)]


def test_the_order_depends_on_seed_and_ids_alone():
    pool = things(["chair"] * 5 + ["lamp"] * 4 + ["cup"] * 3)
    first = ordered(pool, 0)
    assert first == ordered(pool[::-1], 0)
    assert sorted(t.object_id for t in first) == sorted(t.object_id for t in pool)
    assert first != ordered(pool, 1)
    assert ordered(pool, 0, 4) == first[:4]


@pytest.mark.parametrize("seed", range(5))
def test_neighbours_are_of_different_classes(seed):
    chosen = ordered(things(["chair"] * 5 + ["lamp"] * 5 + ["cup"] * 5), seed, 10)
    assert all(a.label != b.label for a, b in pairwise(chosen))


def test_the_last_may_be_alike_where_nothing_else_is_left():
    assert len(ordered(things(["chair", "chair", "lamp"]), 0)) == 3


@pytest.mark.parametrize(
    "labels", [["chair", "lamp"], ["chair", "chair", "chair", "lamp"], ["cup"]]
)
def test_a_liar_shows_another_class(labels):
    shown = things(labels)
    story = Story.of(shown, things(["lamp", "cup", "chair"]), 3)
    assert all(a.label != b.label for a, b in zip(story.things, story.others, strict=True))
    assert [story.lies(place, "every") for place in range(3)] == [True] * 3
    assert [story.lies(place, "second") for place in range(4)] == [False, True, False, True]


def test_what_cannot_be_told_is_a_sentence():
    with pytest.raises(ValueError, match="no object to show"):
        Story.of([], [], 0)
    with pytest.raises(ValueError, match="another class than 'cup'"):
        Story.of(things(["cup"]), things(["cup"]), 0)


def test_sensors_of_a_configuration_are_checked():
    check_sensors(RobotConfig(missing=["image"], lying="text"), ["image", "text"])
    for wrong in (RobotConfig(missing=["smell"]), RobotConfig(lying="smell")):
        with pytest.raises(ValueError, match="'smell', which is no sensor of the robot; use image"):
            check_sensors(wrong, ["image", "text"])


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds
        return False


class Robot:
    """Notes what it gets."""

    def __init__(self, clock, lying="", missing=()):
        self.clock, self.lying, self.lies_on, self.missing = clock, lying, "second", missing
        self.sent, self.arrivals, self.poses = [], [], []

    def plugged(self, sensor):
        return sensor not in self.missing

    def arrive(self, thing):
        self.arrivals.append((self.clock.now, thing.object_id if thing else ""))

    def move(self, pose):
        self.poses.append((self.clock.now, *pose))

    def publish(self, sensor, reading):
        self.sent.append((self.clock.now, sensor, reading.data))

    def wait_for(self, thing):
        raise AssertionError("all is rendered")


PLAN = RenderPlan(2.0, 0, (("touch", 2.0), ("text", 1.0)))


@pytest.fixture
def rendered(tmp_path):
    """Two objects, whose sentences are their ids and whose pads have their number."""
    pool = things(["chair", "lamp"])
    for number, thing in enumerate(pool):
        gel = [np.full((2, 2, 3), number, np.uint8) + np.uint8(10 * n) for n in range(4)]
        views = RobotViews(
            {
                "touch": [Reading(0.5 * n, gel[n]) for n in range(4)],
                "text": [Reading(0.5 + n, thing.object_id) for n in range(2)],
            },
            [np.full((2, 2, 3), 200, np.uint8)],
        )
        write_views(tmp_path / PLAN.file_name(thing.object_id), views)
    return pool, Renderer(PLAN, tmp_path)


def play(rendered, **options):
    pool, renderer = rendered
    clock = Clock()
    robot = Robot(clock, **options)
    player = Player(Story.of(pool, pool, 0), renderer, robot, clock.wait, clock)
    player.run(lead_in=1.0, loop=False, render_first=True)
    return robot, player


def test_the_free_pad_comes_first_and_then_each_object(rendered):
    robot, player = play(rendered)
    free = [data for now, sensor, data in robot.sent if now < 101 - 1e-9]
    assert len(free) == 15
    assert all((picture == 200).all() for picture in free)
    assert [name for _, name in robot.arrivals] == ["chair-0", "lamp-1", ""]
    begun = [now for now, _ in robot.arrivals]
    assert np.diff(begun) == pytest.approx([2.0, 2.0])
    sentences = [(now - 101, data) for now, sensor, data in robot.sent if sensor == "text"]
    assert [data for _, data in sentences] == ["chair-0"] * 2 + ["lamp-1"] * 2
    assert [now for now, _ in sentences] == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.01)
    assert player.published == {"touch": 8, "text": 4}
    assert player.left_out == 0


def test_on_the_way_to_an_object_none_is_there(tmp_path):
    pool = things(["chair", "lamp"])
    plan = RenderPlan(2.0, 0, (("image", 2.0),), tuple(t.object_id for t in pool), 1.0)
    for number, thing in enumerate(pool):
        images = [Reading(0.5 * n, np.full((2, 2, 3), number, np.uint8)) for n in range(6)]
        poses = np.array([[0.5 * n, number, n, 0, 0, 0, 0, 1] for n in range(6)])
        views = RobotViews({"image": images}, [], 1.0, poses)
        write_views(tmp_path / plan.file_name(thing.object_id), views)
    robot, _ = play((pool, Renderer(plan, tmp_path)))
    names = [name for _, name in robot.arrivals]
    assert names == ["", "chair-0", "", "lamp-1", ""]
    times = [now - 101 for now, _ in robot.arrivals]
    assert times == pytest.approx([0.0, 1.0, 3.0, 4.0, 6.0], abs=0.01)
    assert [pose[1:3] for pose in robot.poses] == [(k, n) for k in range(2) for n in range(6)]
    assert len(robot.sent) == 12


def test_the_way_to_an_object_is_driven_once_where_the_next_is_not_rendered(tmp_path):
    pool = things(["chair", "lamp"])
    plan = RenderPlan(2.0, 0, (("image", 2.0),), tuple(t.object_id for t in pool), 1.0)
    for thing in pool:
        images = [Reading(0.5 * n, np.full((2, 2, 3), n, np.uint8)) for n in range(6)]
        write_views(
            tmp_path / plan.file_name(thing.object_id), RobotViews({"image": images}, [], 1.0)
        )
    files, clock = Renderer(plan, tmp_path), Clock()

    class Late:
        """Renders the second object in 4 s from the first request on."""

        plan, path = files.plan, staticmethod(files.path)
        asked = None

        def request(self, thing):
            if thing == pool[1]:
                self.asked = self.asked or clock.now
                if clock.now - self.asked < 4.0:
                    return None
            return self.path(thing)

    class Patient(Robot):
        def wait_for(self, thing):
            assert thing == pool[1]

    robot = Patient(clock)
    player = Player(Story.of(pool, pool, 0), Late(), robot, clock.wait, clock)
    player.run(lead_in=0.0, loop=False, render_first=False)
    shown = [int(data[0, 0, 0]) for _, _, data in robot.sent]
    repeated = shown[6 : shown.index(0, 6)]
    assert set(repeated) == {2, 3, 4, 5}
    assert [name for _, name in robot.arrivals] == ["", "chair-0", "", "lamp-1", ""]


def test_an_unplugged_sensor_sends_nothing(rendered):
    robot, player = play(rendered, missing=("touch",))
    assert {sensor for _, sensor, _ in robot.sent} == {"text"}
    assert player.published["touch"] == 0


def test_a_liar_shows_the_other_object_at_every_second_one(rendered):
    robot, _ = play(rendered, lying="text")
    assert [data for _, sensor, data in robot.sent if sensor == "text"] == ["chair-0"] * 4
    pads = [int(data[0, 0, 0]) % 10 for _, sensor, data in robot.sent if sensor == "touch"]
    assert pads[-4:] == [1] * 4  # the other sensors are honest


def test_the_robot_stays_with_an_object_until_the_next_is_rendered(rendered):
    pool, renderer = rendered
    clock = Clock()

    class Busy:
        """Renders the second object in 3 s from the first request on."""

        plan, path = renderer.plan, staticmethod(renderer.path)
        asked = None

        def request(self, thing):
            if thing == pool[1]:
                self.asked = self.asked or clock.now
                if clock.now - self.asked < 3.0:
                    return None
            return renderer.request(thing)

    class Patient(Robot):
        waited = ()

        def wait_for(self, thing):
            self.waited += (thing.object_id,)

    robot = Patient(clock)
    story = Story.of(pool, pool, 0)
    Player(story, Busy(), robot, clock.wait, clock).run(0.0, loop=False, render_first=False)
    assert robot.waited == ("lamp-1",)
    assert [name for _, name in robot.arrivals] == ["chair-0", "lamp-1", ""]
    begun = [now for now, _ in robot.arrivals]
    # It shows the first object for 2 s, and then again until the next one is there.
    assert 2.5 < begun[1] - begun[0] < 6.0
    first = [data for now, sensor, data in robot.sent if now < begun[1] and sensor == "touch"]
    assert len(first) > 4
    assert all(data[0, 0, 0] % 10 == 0 for data in first)


def test_a_sensor_that_is_told_to_lie_lies_at_once(rendered):
    pool, renderer = rendered
    clock = Clock()
    robot = Robot(clock)
    robot.lies_on = "every"
    begin = clock.now

    def wait(seconds):
        clock.wait(seconds)
        robot.lying = "text" if clock.now > begin + 1.0 else ""
        return False

    Player(Story.of(pool, pool, 0), renderer, robot, wait, clock).run(0.0, False, True)
    sentences = [data for _, sensor, data in robot.sent if sensor == "text"]
    assert sentences == ["chair-0", "lamp-1", "chair-0", "chair-0"]


def test_messages_that_are_too_late_are_left_out(rendered):
    pool, renderer = rendered
    clock = Clock()

    class Slow(Robot):
        def publish(self, sensor, reading):
            super().publish(sensor, reading)
            clock.now += 0.9

    robot = Slow(clock)
    player = Player(Story.of(pool, pool, 0), renderer, robot, clock.wait, clock)
    player.run(lead_in=0.0, loop=False, render_first=True)
    assert player.left_out > 0
    assert len(robot.sent) + player.left_out == 12
    assert max(player.late) > playing.TOO_LATE


def test_messages_are_due_in_the_order_of_time(rendered):
    pool, renderer = rendered
    stored = StoredViews(renderer.path(pool[0]))
    due = schedule({"touch": stored, "text": stored}, 1.2)
    assert [(each.sensor, each.number) for each in due] == [
        ("touch", 0),
        ("touch", 1),
        ("text", 0),
        ("touch", 2),
    ]
    assert [each.second for each in due] == sorted(each.second for each in due)
    assert len({each.second for each in due}) == len(due)


def test_what_is_rendered_depends_on_the_plan(tmp_path):
    plans = [PLAN, RenderPlan(3.0, 0, PLAN.rates), RenderPlan(2.0, 1, PLAN.rates)]
    plans.append(RenderPlan(2.0, 0, (("touch", 2.0),)))
    names = {plan.file_name("a") for plan in plans} | {PLAN.file_name("b")}
    assert len(names) == 5
    assert PLAN.file_name("a") == RenderPlan(2.0, 0, (("touch", 2.0), ("text", 1.0))).file_name("a")


def test_an_object_that_cannot_be_rendered_is_one_sentence(tmp_path):
    pytest.importorskip("open3d")
    (thing,) = things(["chair"])
    pause = Event()
    with pytest.raises(ViewsError, match="chair-0 cannot be rendered: its file is empty"):
        render_all([thing], PLAN, tmp_path, 1, no_progress, lambda: pause.wait(0.1))
