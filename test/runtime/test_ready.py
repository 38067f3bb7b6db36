"""When a node says that the robot may act on its results: by a simulated clock, at random."""

import math
import random
from types import SimpleNamespace

import numpy as np
import pytest

from omnibind_ros.runtime.channel import Channel
from omnibind_ros.runtime.config import SensorConfig
from omnibind_ros.runtime.embeddings import StoredEmbedding
from omnibind_ros.runtime.ready import EXECUTOR_PATIENCE, Progress, ReadySettings, judge
from omnibind_ros.sensors import Doubt, Issue, NoEvidenceError, SensorType

CHECK = 0.1
"""As nodes/ready.py."""

KIND = SensorType("image", "test_msgs/msg/Number", lambda message, _options: message.number)


class Robot:
    """A node's sensors and progress on a simulated clock, judged as nodes/ready.py does."""

    def __init__(self, settings=None, **sensors):
        self.now = 100.0
        self.settings = settings or ReadySettings()
        self.channels = {}
        for name, (max_age, required) in sensors.items():
            config = SensorConfig(modality="image", max_age=max_age, required=required)
            self.channels[name] = Channel(name, config, KIND, SimpleNamespace())
            self.channels[name].publishers = 1
        self.progress = {"executor_at": self.now, "result_at": -math.inf, "known": True}
        self.why_not_active = ""
        self.next_check = self.now
        self.verdict = None
        self.changes = []

    def show(self, name, delay=0.0, encode=True, number=0):
        """Let a message arrive that was taken `delay` seconds ago, and encode it."""
        channel = self.channels[name]
        message = SimpleNamespace(number=number)
        stamp = int((1000 + self.now - delay) * 1e9)
        channel.put(message, stamp, "", int((1000 + self.now) * 1e9), self.now)
        if encode and channel.demand(self.now) is not None:
            newest = channel.take(self.now)[-1]
            channel.busy = False
            values = np.eye(4, dtype=np.float32)[0]
            stored = StoredEmbedding(values, 1.0, 0, newest.stamp_ns, "", newest.taken)
            channel.store(stored, self.now)
            self.progress["result_at"] = self.now

    def judge(self):
        states = [channel.state(self.now) for channel in self.channels.values()]
        progress = Progress(self.why_not_active, **self.progress)
        return judge(self.now, progress, states, self.settings)

    def run_to(self, end, executor=True):
        """Check as often as the node does until a time, and note the changes."""
        while self.next_check <= end:
            self.now = self.next_check
            if executor:
                self.progress["executor_at"] = self.now
            self.verdict = self.judge()
            if not self.changes or self.changes[-1][1] != self.verdict.ready:
                self.changes.append((self.now, self.verdict.ready, self.verdict.reasons))
            self.next_check = self.now + min(CHECK, self.verdict.valid_for + 0.001)
        self.now = end


def ready(robot):
    return robot.judge().ready


def test_a_node_whose_required_sensors_are_there_is_ready():
    robot = Robot(camera=(0.3, True), second=(0.3, False))
    robot.show("camera")
    assert ready(robot)
    assert robot.judge().reasons == ()


def test_without_required_sensors_a_result_suffices():
    robot = Robot(camera=(0.3, False))
    assert not ready(robot)
    robot.show("camera")
    assert ready(robot)
    robot.now += 0.9
    robot.progress["executor_at"] = robot.now
    assert ready(robot)  # the camera is STALE, but nothing requires it
    robot.now += 0.11
    assert "deadline of 1 s" in robot.judge().reasons[0]


def test_while_the_node_is_not_active_its_reason_is_the_only_one():
    robot = Robot(camera=(0.3, True))
    robot.show("camera")
    robot.why_not_active = "the node is inactive; activate it"
    assert robot.judge().reasons == ("the node is inactive; activate it",)


@pytest.mark.parametrize("block", range(10))
def test_a_required_sensors_end_is_told_within_50_ms_of_its_max_age(block):
    for seed in range(block * 100, block * 100 + 100):
        end_of_a_required_sensor(random.Random(seed))


def end_of_a_required_sensor(rng):
    max_age = rng.uniform(0.05, 2.0)
    period = rng.uniform(0.005, 0.9) * max_age
    delay = rng.uniform(0.0, 0.9) * (max_age - period)
    settings = ReadySettings(deadline=rng.uniform(max_age, 10.0))
    robot = Robot(settings, lidar=(max_age, True), other=(3.0, rng.random() < 0.5))
    end = robot.now + rng.uniform(0.5, 3.0)
    last = robot.now
    ready_from = None
    while robot.now < end:
        last = robot.now
        robot.show("lidar", delay)
        robot.show("other")
        robot.run_to(robot.now + period)
        if ready_from is None and robot.verdict.ready:
            ready_from = robot.now
    while robot.now < last + max_age + 0.3:  # the other one goes on
        robot.show("other")
        robot.run_to(robot.now + 0.02)
    assert ready_from is not None
    fell = [at for at, is_ready, _ in robot.changes if not is_ready and at > last]
    assert fell, "it never fell"
    assert fell[0] <= last + max_age + 0.05
    assert not robot.verdict.ready
    # Up to then it did not flicker.
    assert [is_ready for at, is_ready, _ in robot.changes if ready_from < at < last] == []
    assert "the required sensor 'lidar' is STALE" in " ".join(robot.verdict.reasons)


def test_an_encoder_that_hangs_is_noticed_though_messages_arrive_and_others_give_results():
    robot = Robot(camera=(0.3, True), second=(0.3, False))
    robot.show("camera")
    robot.show("second")
    assert ready(robot)
    begin = robot.now
    for _ in range(12):
        robot.run_to(robot.now + 0.03)
        robot.show("camera", encode=False)
        robot.show("second")
    assert robot.changes[-1][1] is False
    assert robot.changes[-1][0] <= begin + 0.35
    assert "no sample younger than its max_age of 0.3 s has been encoded" in robot.changes[-1][2][0]


def test_an_executor_that_hangs_is_noticed_though_results_go_on():
    robot = Robot(camera=(5.0, True))
    robot.show("camera")
    robot.run_to(robot.now + 0.1)
    hangs_from = robot.progress["executor_at"]
    while robot.now < hangs_from + EXECUTOR_PATIENCE + 0.2:
        robot.show("camera")
        robot.run_to(robot.now + 0.05, executor=False)
    at, is_ready, reasons = robot.changes[-1]
    assert not is_ready
    assert at <= hangs_from + EXECUTOR_PATIENCE + 0.05
    assert "executor does not run" in reasons[0]


def test_nothing_to_see_is_no_fault_of_a_required_sensor():
    robot = Robot(cloud=(0.3, True), camera=(0.3, False))
    robot.show("cloud")
    robot.now += 0.25
    robot.show("camera")
    robot.show("cloud", encode=False)
    channel = robot.channels["cloud"]
    newest = channel.take(robot.now)[-1]
    channel.busy = False
    channel.no_evidence(NoEvidenceError("the cloud is empty", replaces=True), newest.taken)
    robot.now += 0.2
    robot.progress["executor_at"] = robot.now
    assert ready(robot), robot.judge().reasons


@pytest.mark.parametrize(
    ("publishers", "problem", "words"),
    [(0, "", "is ABSENT on"), (1, "no encoder of this modality", "is FAULT (no encoder")],
)
def test_why_a_required_sensor_is_missing_is_said(publishers, problem, words):
    robot = Robot(camera=(0.3, True))
    robot.show("camera")
    robot.channels["camera"].publishers = publishers
    if problem:
        robot.channels["camera"].health.set_problem(problem)
    assert words in robot.judge().reasons[0]


def test_a_required_sensor_that_contradicts_is_not_relied_on():
    robot = Robot(camera=(0.3, True))
    robot.show("camera")
    doubt = Doubt(Issue.CONTRADICTING, "it contradicts")
    robot.channels["camera"].doubts.set("others", (doubt,))
    assert "'camera' contradicts the others" in robot.judge().reasons[0]
    robot.channels["camera"].config.required = False
    assert ready(robot)


@pytest.mark.parametrize("asked", [False, True])
def test_an_unknown_belief_and_strange_samples_count_only_where_the_user_asks(asked):
    robot = Robot(ReadySettings(needs_known=asked), camera=(0.3, True))
    robot.show("camera")
    robot.progress["known"] = False
    assert ready(robot) is not asked
    robot = Robot(ReadySettings(needs_in_distribution=asked), camera=(0.3, False))
    robot.show("camera")
    doubt = Doubt(Issue.OUT_OF_DISTRIBUTION, "it is strange")
    robot.channels["camera"].doubts.set("sample", (doubt,))
    assert ready(robot) is not asked


def test_a_required_sensor_that_is_frozen_is_not_relied_on():
    robot = Robot(camera=(0.3, True))
    for _ in range(60):
        robot.show("camera")
        robot.channels["camera"].newest.taken = robot.now - 0.31  # as the frozen detector does
        robot.now += 0.03
    robot.progress["executor_at"] = robot.now
    assert "is STALE" in " ".join(robot.judge().reasons)


@pytest.mark.parametrize("offset", [-0.2, 0.2])
def test_the_time_offset_of_a_sensor_is_added_to_its_stamps(offset):
    robot = Robot(camera=(1.0, False))
    channel = robot.channels["camera"]
    channel.config.time_offset = offset
    now_ns = 2000 * 10**9
    channel.put(SimpleNamespace(number=0), now_ns - 300_000_000, "", now_ns, robot.now)
    assert channel.newest.stamp_ns == pytest.approx(now_ns - 300_000_000 + offset * 1e9, abs=10)
    assert robot.now - channel.newest.taken == pytest.approx(0.3 - offset)


def test_a_zero_stamp_stays_none_with_a_time_offset():
    robot = Robot(camera=(1.0, False))
    channel = robot.channels["camera"]
    channel.config.time_offset = 5.0
    channel.put(SimpleNamespace(number=0), 0, "", 2000 * 10**9, robot.now)
    assert "header.stamp is zero" in channel.doubts.of("stamp")[0].text
