"""Shared fixtures: bundles, datasets, and nodes in processes on a ROS domain of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import hypothesis
import pytest
from fixture_bundle import TEACHER, copy_seven_bundle
from paths import MAY_BE_MISSING, ROOT

# A busy machine is slow, which is no fault of the code. The examples are the same in each run, so
# that a change is judged by its own failures; OMNIBIND_EXAMPLES=10000 searches with new ones.
hypothesis.settings.register_profile(
    "any machine", deadline=None, derandomize="OMNIBIND_EXAMPLES" not in os.environ
)
hypothesis.settings.load_profile("any machine")


def pytest_addoption(parser):
    parser.addoption(
        "--without-torch", action="store_true", help="skip what needs torch, even where it is"
    )
    parser.addoption(
        "--no-skips", action="store_true", help="fail where a test is skipped that can run here"
    )


def pytest_configure(config):
    if config.getoption("--without-torch"):
        sys.meta_path.insert(0, NoTorch)


class NoTorch:
    """Finds modules in the place of Python's finders: torch is none that is installed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("the option --without-torch hides it", name=name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    return fail_skipped((yield), item.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return fail_skipped((yield), collector.config)


def fail_skipped(report, config):
    """With --no-skips, make a failure of a skip that has another reason than MAY_BE_MISSING."""
    if config.getoption("--no-skips") and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if not any(missing in reason for missing in MAY_BE_MISSING):
            report.outcome, report.longrepr = "failed", f"{reason} (--no-skips)"
    return report


@pytest.fixture(scope="session")
def bundle_dir():
    """The bundle of the frozen teachers, image and text."""
    return TEACHER


@pytest.fixture
def bundle_copy(tmp_path):
    """A copy of that bundle which a test may damage."""
    return Path(shutil.copytree(TEACHER, tmp_path / "household"))


@pytest.fixture(scope="session")
def seven_bundle(tmp_path_factory):
    """A bundle of all seven modalities: small untrained students and the starting fusion."""
    return copy_seven_bundle(tmp_path_factory.mktemp("bundle") / "seven")


@pytest.fixture(scope="session")
def training_dataset(tmp_path_factory):
    """A dataset of 60 samples whose classes can be learned from each modality."""
    from learnable_plan import LearnablePlan  # noqa: PLC0415 - needs pyarrow

    from omnibind_ros.datasets.building.builder import build_dataset  # noqa: PLC0415

    out = tmp_path_factory.mktemp("dataset")
    build_dataset(LearnablePlan(60), out, workers=1)
    return out


@pytest.fixture(scope="session")
def training_cache(training_dataset, tmp_path_factory):
    """The tensor cache of `training_dataset`."""
    from omnibind_ros.learning.tensors.cache import build_cache  # noqa: PLC0415 - needs onnx

    return build_cache(training_dataset, tmp_path_factory.mktemp("cache"), str(TEACHER))


@pytest.fixture(scope="session")
def mixed_dataset(tmp_path_factory):
    """A dataset of 60 simulated samples and 48 recordings."""
    from learnable_plan import LearnablePlan  # noqa: PLC0415 - needs pyarrow

    from omnibind_ros.datasets.building.builder import build_dataset  # noqa: PLC0415

    out = tmp_path_factory.mktemp("dataset")
    build_dataset(LearnablePlan(108, recordings=48), out, workers=1)
    return out


@pytest.fixture(scope="session")
def mixed_cache(mixed_dataset, tmp_path_factory):
    """The tensor cache of `mixed_dataset`."""
    from omnibind_ros.learning.tensors.cache import build_cache  # noqa: PLC0415 - needs onnx

    return build_cache(mixed_dataset, tmp_path_factory.mktemp("cache"), str(TEACHER))


@pytest.fixture(scope="module")
def ros_domain():
    """A ROS domain id that no other process uses, and discovery on this host only."""
    from domain_coordinator import domain_id  # noqa: PLC0415 - only where ROS is

    from omnibind_ros.runtime.middleware import (  # noqa: PLC0415 - for each test
        profile_variables,
        this_host_only,
    )

    with domain_id() as chosen, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(chosen))
        patch.setenv(*this_host_only(os.environ))
        profile = str(ROOT / "config" / "fastdds.xml")
        for name in profile_variables(os.environ):  # Kilted warns of the older variable
            patch.setenv(name, profile)
        yield chosen


def ignore_interrupt():
    """Ignore SIGINT, as a shell does in the background jobs that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class NodeProcess:
    """A node in a process of its own, started as a background job."""

    def __init__(self, module, log, *ros_args):
        self.log = log
        self._file = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--ros-args", *ros_args],
            stdout=self._file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            # Labels are enrolled below ROS_HOME, the user's own stay out of the tests.
            env={**os.environ, "PYTHONUNBUFFERED": "1", "ROS_HOME": str(log.parent / "ros_home")},
            preexec_fn=ignore_interrupt,  # noqa: PLW1509 - no thread of the tests holds a lock
        )

    def alive(self):
        return self.process.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        """Interrupt the node as Ctrl-C does, and return its exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self._file.close()
        return self.process.returncode


class Probe:
    """A ROS node in the test's own process that knows only the messages."""

    def __init__(self):
        import rclpy  # noqa: PLC0415 - only where ROS is
        from rclpy.executors import SingleThreadedExecutor  # noqa: PLC0415

        self._rclpy = rclpy
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("probe", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.arrivals = {}
        self._subscriptions = {}

    def subscribe(self, kind, topic, qos=10):
        """Keep what arrives on a topic, with its time of arrival, in arrivals[topic]."""
        if topic in self._subscriptions:
            self.node.destroy_subscription(self._subscriptions[topic])
        self.arrivals[topic] = []
        self._subscriptions[topic] = self.node.create_subscription(
            kind, topic, lambda msg: self.arrivals[topic].append((time.time(), msg)), qos
        )

    def spin(self, condition, seconds=20.0):
        """Spin until a condition holds; fail the test if it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.executor.spin_once(timeout_sec=0.01)
        return True

    def spin_for(self, seconds):
        self.spin(lambda: False, seconds)

    def call(self, kind, name, request, seconds=60.0):
        client = self.node.create_client(kind, name)
        assert self.spin(client.service_is_ready), f"service {name} is not there"
        future = client.call_async(request)
        assert self.spin(future.done, seconds), f"service {name} did not answer"
        self.node.destroy_client(client)
        return future.result()

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self._rclpy.shutdown(context=self.context)


@pytest.fixture(scope="module")
def probe(ros_domain):
    made = Probe()
    yield made
    made.close()


@pytest.fixture
def start_node(ros_domain, tmp_path):
    """Starts nodes as processes, and ends them after the test."""
    started = []

    def start(module, *ros_args):
        log = tmp_path / f"{module.rpartition('.')[2]}-{len(started)}.log"
        node = NodeProcess(f"omnibind_ros.nodes.{module}", log, *ros_args)
        started.append(node)
        return node

    yield start
    for node in started:
        node.stop()


@pytest.fixture
def start_perception(probe, start_node):
    """Starts perception nodes, each with a client: its publishers and subscriptions."""
    from perception_client import PerceptionClient  # noqa: PLC0415 - only where ROS is

    made = []

    def make(*ros_args, ready=True):
        client = PerceptionClient(probe, start_node("perception_node", *ros_args))
        made.append(client)
        return client.wait_until_ready() if ready else client

    yield make
    for one in made:
        one.close()
