"""Runs the command `omnibind bag record`."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import rclpy
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions

from omnibind_msgs.msg import SensorStatusArray
from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.bags.errors import RecordingError
from omnibind_ros.bags.places import new_recording
from omnibind_ros.bags.recorder import Recorder
from omnibind_ros.bags.sensors import RecordedSensor, is_stateful, labels_file, registry_of
from omnibind_ros.bags.teach import STATIC, TeachFilter
from omnibind_ros.datasets.readers.bags.reader import LABELS
from omnibind_ros.runtime.callback_errors import CallbackErrors

from .bag_recorder import BagRecorder
from .executor import spin_through_errors
from .signals import ignore_signals

PATIENCE = 10.0
"""Seconds to wait for the perception node."""

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class FoundNode(NamedTuple):
    """What a perception node says of itself.

    Attributes:
        sensors: Its sensors.
        modules: Its modules with sensor types.
    """

    sensors: tuple[RecordedSensor, ...]
    modules: tuple[str, ...]


def run_record(options: argparse.Namespace) -> int:
    """Record until the duration is over, Ctrl-C, or the disk is full; return the exit status.

    Args:
        options: Those of `omnibind_ros.bags.commands.add_bag`.

    Raises:
        RecordingError: There is nothing to record, or the bag cannot be written.
    """
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        return _record(options, stop)
    finally:
        rclpy.try_shutdown()
        for number, handler in before.items():
            signal.signal(number, handler)


def _record(options: argparse.Namespace, stop: threading.Event) -> int:
    node_name = "/" + options.node.strip("/")
    found = FoundNode((), ())
    if options.teach or not options.topics:
        found = find_node(node_name, stop)
    if stop.is_set():
        return 130
    topics = [_absolute(topic) for topic in options.topics]
    topics = topics or [sensor.topic for sensor in found.sensors]
    folder = options.out or new_recording(node_name, datetime.now().astimezone())
    recorder = Recorder(folder, options.storage)
    teaching = f"{node_name}/teaching"
    teach = None
    if options.teach:
        size = round(options.memory * 1e6)
        teach = TeachFilter(recorder.add_held, size, always={teaching, STATIC})
    modalities = {sensor.topic: sensor.modality for sensor in found.sensors}
    registry = registry_of(found.modules)

    def stateful(topic: str, kind: str) -> bool:
        return topic in modalities and is_stateful(registry, modalities[topic], kind)

    node = BagRecorder(recorder, topics, teaching, teach, stateful, _say)
    _say(f"records to {folder}; end with Ctrl-C")
    if options.teach:
        _say("keep tactile pads free for the first 3 s, then show things and call ~/enroll")
    try:
        _spin(node, recorder, options.duration, stop)
        waiting = node.waiting
    finally:
        node.destroy_node()
        _close(recorder)
    _finish(recorder, found, node.types)
    for topic in waiting:
        _say(f"{topic} had no publisher, so nothing of it was recorded")
    if not sum(recorder.counts.values()):
        raise RecordingError(
            "nothing was recorded, so no bag is left: "
            + ("no label was enrolled" if options.teach and node.types else "no message arrived")
            + "; look at the sensors' reasons in ~/sensors"
        )
    return 1 if recorder.problem else 0


def _close(recorder: Recorder) -> None:
    # What waits is written; a second Ctrl-C must not leave the bag without its index.
    ignore_signals()
    recorder.close()


def _finish(recorder: Recorder, found: FoundNode, types: Mapping[str, str]) -> None:
    """Write labels.yaml and say what was recorded."""
    counts = {topic: count for topic, count in recorder.counts.items() if count}
    if counts and found.sensors:
        recorded = {topic: types[topic] for topic in counts}
        text, left_out = labels_file(found.sensors, recorded, found.modules)
        try:
            write_atomic(recorder.folder / LABELS, text)
        except OSError as error:
            _say(f"{recorder.folder / LABELS} cannot be written ({error.strerror})")
        for sentence in left_out:
            _say(sentence)
    for topic, count in recorder.lost.items():
        _say(f"{count} messages of {topic} came faster than the disk takes them, and are lost")
    if recorder.problem:
        _say(recorder.problem)
    if counts:
        _say(f"{recorder.folder}: {sum(counts.values())} messages, {recorder.bytes / 1e6:.1f} MB")
        for topic, count in sorted(counts.items()):
            _say(f"  {topic}: {count}")


def _spin(
    node: BagRecorder, recorder: Recorder, duration: float | None, stop: threading.Event
) -> None:
    """Receive messages until it is time to end."""
    end = time.monotonic() + duration if duration else float("inf")

    def closing() -> bool:
        return stop.is_set() or bool(recorder.problem) or time.monotonic() >= end

    executor = SingleThreadedExecutor()
    executor.add_node(node)
    node.look()
    try:
        # The timer of `look` wakes it, so that the end is noticed in time.
        spin_through_errors(executor, CallbackErrors(node.get_logger()), closing)
    finally:
        executor.remove_node(node)
        executor.shutdown(timeout_sec=1.0)


def find_node(name: str, stop: threading.Event) -> FoundNode:
    """Ask a perception node for its sensors and their parameters.

    Args:
        name: Its full name.
        stop: Set when the user wants to end.

    Raises:
        RecordingError: It does not answer, or has no sensors.
    """
    node = rclpy.create_node("bag_recorder_setup", start_parameter_services=False)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    arrived: list[Any] = []
    node.create_subscription(SensorStatusArray, f"{name}/sensors", arrived.append, LATCHED)

    def wait(condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + PATIENCE
        while not condition() and not stop.is_set() and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.1)
        return condition()

    try:
        if not wait(lambda: bool(arrived)) and not stop.is_set():
            raise RecordingError(
                f"nothing arrived on {name}/sensors within {PATIENCE:g} s: there is no active "
                "perception node of that name; start it, name it with --node, or name the topics "
                "to record with --topics"
            )
        statuses = arrived[-1].sensors if arrived else []
        if not statuses and not stop.is_set():
            raise RecordingError(
                f"the node {name} has no sensors; add some with ~/set_sensor, or name the topics "
                "to record with --topics"
            )
        values = _parameters(node, name, wait)
        sensors = tuple(
            RecordedSensor(
                each.name, each.modality, each.topic, _of_sensor(values, f"sensor.{each.name}.")
            )
            for each in statuses
        )
        return FoundNode(sensors, tuple(values.get("sensor_modules") or ()))
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()


def _parameters(
    node: Node, name: str, wait: Callable[[Callable[[], bool]], bool]
) -> dict[str, Any]:
    """Return the parameters of another node; none, with a sentence, if it does not answer."""
    listing = node.create_client(ListParameters, f"{name}/list_parameters")
    getting = node.create_client(GetParameters, f"{name}/get_parameters")
    names: list[str] = []
    if wait(listing.service_is_ready) and wait(getting.service_is_ready):
        future = listing.call_async(ListParameters.Request())
        if wait(future.done):
            names = list(future.result().result.names)
            got = getting.call_async(GetParameters.Request(names=names))
            if wait(got.done):
                values = map(parameter_value_to_python, got.result().values)
                return dict(zip(names, values, strict=True))
    _say(f"the parameters of {name} could not be read; complete labels.yaml of the bag by hand")
    return {}


def _of_sensor(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix) and value is not None
    }


def _absolute(topic: str) -> str:
    return topic if topic.startswith("/") else f"/{topic}"


def _say(sentence: str) -> None:
    print(sentence, flush=True)
