"""A cleanup frees the bundle, without waiting for Python's garbage collector."""

import gc
import threading
import time
import weakref

import pytest

pytest.importorskip("rclpy")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from omnibind_ros.nodes.executor import spin_through_errors
from omnibind_ros.nodes.perception import PerceptionNode

SUCCESS = TransitionCallbackReturn.SUCCESS


@pytest.fixture
def node(ros_domain, tmp_path, monkeypatch, bundle_dir):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    context = rclpy.Context()
    rclpy.init(args=[], context=context)
    values = {"bundle": str(bundle_dir), "sensors": ["image", "text"]}
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    made = PerceptionNode(context=context, parameter_overrides=overrides)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(made)
    closing = threading.Event()
    spin = threading.Thread(
        target=spin_through_errors, args=(executor, made.errors, closing.is_set)
    )
    spin.start()
    yield made
    closing.set()
    executor.wake()
    spin.join()
    made.close()
    made.destroy_node()
    executor.shutdown(timeout_sec=1.0)
    rclpy.shutdown(context=context)


def test_a_cleanup_frees_the_engine_and_the_encoders(node):
    engines, encoders = [], []

    def start():
        assert node.trigger_configure() == SUCCESS
        assert node.trigger_activate() == SUCCESS
        engines.append(weakref.ref(node.engine))
        encoders.extend(weakref.ref(c.encoder) for c in node.engine.channels().values())

    def end():
        # As the executor does with a message that came together with the request for the cleanup.
        held = node.engine
        assert node.trigger_deactivate() == SUCCESS
        assert node.trigger_cleanup() == SUCCESS
        del held

    gc.collect()
    gc.disable()  # what it finds at some time is not freed by the cleanup
    try:
        for _ in range(2):
            node.call(start).result(60.0)
            node.call(end).result(60.0)
        deadline = time.monotonic() + 10.0
        while any(engine() for engine in engines) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [engine() for engine in engines] == [None, None]
        assert [encoder() for encoder in encoders] == [None] * 4
    finally:
        gc.enable()
