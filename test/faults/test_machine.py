"""A machine without disk, home or memory, a clock that jumps, and two nodes of one name."""

import resource
import time

import pytest

pytest.importorskip("rclpy")

import psutil
from builtin_interfaces.msg import Time
from perception_client import image, photograph
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String

from omnibind_msgs.msg import Ready
from omnibind_msgs.srv import Enroll, ListLabels

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def enroll(client, label):
    service = client.probe.node.create_client(Enroll, "/perception/enroll")
    assert client.probe.spin(service.service_is_ready)
    future = service.call_async(Enroll.Request(label=label, duration=1.0))
    client.publish_image(photograph("coffee"), future.done, 60.0)
    client.probe.node.destroy_client(service)
    return future.result()


def test_a_full_disk_is_told_and_what_was_enrolled_before_stays(
    start_perception, still_recognises, tmp_path
):
    client = start_perception("-p", f"enrolled:={tmp_path / 'kept'}")
    assert enroll(client, "my mug").success
    before = {path.name: path.read_bytes() for path in (tmp_path / "kept").glob("*.npz")}
    # No file may grow: the kernel's answer is that of a full disk, in other words.
    resource.prlimit(client.process.process.pid, resource.RLIMIT_FSIZE, (0, 0))
    answer = enroll(client, "my shoe")
    assert "is lost when the node ends" in answer.message, answer.message
    assert {p.name: p.read_bytes() for p in (tmp_path / "kept").glob("*.npz")} == before
    client.publish_image(
        photograph("coffee"), lambda: {"my mug", "my shoe"} & set(client.messages()[-1].labels)
    )
    assert client.process.alive()
    assert "Traceback" not in client.process.output()


@pytest.mark.parametrize(
    "folder", ["/proc/nowhere", pytest.param("/dev/null/enrolled", marks=pytest.mark.faults)]
)
def test_without_a_home_that_can_be_written_the_node_senses_and_says_so(
    start_perception, monkeypatch, folder
):
    monkeypatch.delenv("HOME")
    client = start_perception("-p", f"enrolled:={folder}")
    answer = enroll(client, "my mug")
    assert answer.success
    assert "is lost when the node ends" in answer.message
    client.publish_image(photograph("coffee"), lambda: client.recognises("my mug"))
    assert "Traceback" not in client.process.output()


@pytest.mark.faults
@pytest.mark.parametrize("megabytes", [150, 300, 450])
def test_with_too_little_memory_the_node_ends_or_senses_but_does_not_hang(
    start_perception, megabytes
):
    client = start_perception(ready=False)
    pid = client.process.process.pid
    try:  # beyond what it has taken so far
        limit = psutil.Process(pid).memory_info().vms + megabytes * 2**20
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
    except (psutil.NoSuchProcess, ProcessLookupError):
        pytest.fail("the node ended before it was limited")

    def senses():
        return client.camera.get_subscription_count() > 0 and bool(client.messages("sensors"))

    ended = client.probe.spin(lambda: senses() or not client.process.alive(), 90.0)
    assert ended, client.process.output()
    if not client.process.alive():
        assert client.process.output().strip(), "it ended without a word"


@pytest.mark.faults
def test_a_node_whose_memory_ends_while_it_runs_goes_on_or_ends_with_a_word(
    start_perception, still_recognises
):
    client = start_perception()
    still_recognises(client)
    pid = client.process.process.pid
    limit = psutil.Process(pid).memory_info().vms + 60 * 2**20
    before = resource.prlimit(pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    large = image(photograph("coffee").repeat(8, 0).repeat(8, 1), client.now())  # 59 MB
    for _ in range(3):
        client.camera.publish(large)
        client.text.publish(String(data="x" * 30_000_000))
        client.probe.spin_for(1.0)
    resource.prlimit(pid, resource.RLIMIT_AS, before)
    if client.process.alive():
        still_recognises(client)
        return
    # Fast DDS ends a process in which its log's thread cannot be started (docs/reliability.md).
    assert "pthread_create failed" in client.process.output()
    still_recognises(start_perception())


@pytest.mark.faults
@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_clock_that_jumps_by_an_hour_or_stands_breaks_nothing(start_perception, jump):
    client = start_perception("-p", "use_sim_time:=true", "-p", "sensor.camera.max_age:=1.5")
    clock = client.probe.node.create_publisher(Clock, "/clock", 10)
    began, offset, running = time.monotonic(), 1e6, True
    now = offset

    def play(seconds):
        nonlocal now
        until = time.monotonic() + seconds
        pixels = photograph("coffee").copy()
        count = 0
        while time.monotonic() < until:
            if running:
                now = offset + time.monotonic() - began
                stamp = Time(sec=int(now), nanosec=int(now % 1 * 1e9))
                clock.publish(Clock(clock=stamp))
            count += 1
            pixels.flat[count] ^= 1
            stamp = Time(sec=int(now), nanosec=int(now % 1 * 1e9))
            client.camera.publish(image(pixels, stamp))
            client.probe.spin_for(0.05)

    try:
        play(3.0)
        for step in ("jump", "stand"):
            if step == "jump":
                offset += jump
            else:
                running = False
            results = len(client.messages())
            play(3.0)
            assert len(client.messages()) > results, (step, client.process.output())
        assert client.recognises("cup")
        assert "Traceback" not in client.process.output()
    finally:
        client.probe.node.destroy_publisher(clock)


@pytest.mark.faults
def test_a_second_node_of_the_same_name_is_told_by_both_and_both_go_on(
    start_perception, still_recognises
):
    client = start_perception()
    other = start_perception()
    still_recognises(client)
    assert client.probe.spin(
        lambda: all("nodes have the name" in n.process.output() for n in (client, other)), 60.0
    ), client.process.output()
    other.process.kill()
    still_recognises(client)


@pytest.mark.faults
def test_ready_never_says_yes_while_memory_disk_and_files_are_short(start_perception):
    """A node that can open no more files goes on to say what it can."""
    client = start_perception("-p", "sensor.camera.required:=true")
    client.probe.subscribe(Ready, "/perception/ready", LATCHED)
    pid = client.process.process.pid
    used = psutil.Process(pid).num_fds()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, used))
    client.publish_image(photograph("coffee"), lambda: client.recognises("cup"), 60.0)
    answer = client.probe.call(
        ListLabels, "/perception/list_labels", ListLabels.Request(enrolled_only=True)
    )
    assert answer.success
    client.probe.spin_for(2.0)
    verdicts = [msg for _, msg in client.probe.arrivals["/perception/ready"]]
    assert not verdicts[-1].ready
    assert client.process.alive()
