"""What is done to the node, at random: hot-plug, floods, changes, lifecycle rounds and faults."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psutil
import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import Int32, String

from omnibind_msgs.srv import DeleteLabel, Enroll, ListLabels, RenameLabel, SetLabels, SetSensor

from .observer import NODE, Observer
from .world import World

PATIENCE = 40.0
"""Seconds within which a service answers and results come again, on a busy machine, too."""

LABELS = ("my mug", "my shoe", "gripper", "left hand", "charging dock")
WORDS = ("cup", "cat", "chair", "robot", "screw", "door", "lamp", "tea", "box", "hand", "wheel")

WEIGHTS = {
    "unplug": 6,
    "plug": 6,
    "flood": 5,
    "bad": 5,
    "add": 2,
    "remove": 2,
    "rename": 2,
    "parameters": 4,
    "labels": 2,
    "enroll": 2,
    "relabel": 2,
    "round": 1,
    "stop": 2,
    "stamps": 3,
    "stranger": 2,
    "vanish": 2,
}
"""How often each operation is chosen, among others."""

FLOODS = ("flood",)
FAULTS = ("bad", "stop", "stamps", "stranger", "vanish")


class Operations:
    """Does random operations, and notes what the node does not recover from."""

    def __init__(
        self,
        observer: Observer,
        world: World,
        executor: SingleThreadedExecutor,
        process: psutil.Process,
        seed: int,
    ) -> None:
        """Create it.

        Args:
            observer: Is spun while it waits, and has the clients.
            world: What is published.
            executor: Has the observer.
            process: The node's.
            seed: Of the choices.
        """
        self.count: Counter[str] = Counter()
        self.unrecovered: list[str] = []
        self.refused: Counter[str] = Counter()
        self._observer = observer
        self._world = world
        self._executor = executor
        self._process = process
        self._rng = random.Random(seed)
        self._extras: set[str] = set()
        self._removed: set[str] = set()
        self._strangers: list[tuple[float, Node]] = []
        self._clients: dict[str, Any] = {}

    def spin(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Spin until a condition holds; return whether it did in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.02)
        return True

    def one(self) -> None:
        """Do a random operation, and wait until there are results again."""
        name = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        getattr(self, f"_{name}")()
        self.count[name] += 1
        self._end_strangers(time.monotonic())
        since = time.monotonic()
        if not self.spin(lambda: self._observer.result_since(since), PATIENCE):
            self._lost(name, f"no result came within {PATIENCE:g} s; ready: {self._reasons()}")

    def settle(self, seconds: float) -> None:
        """Undo everything, and check that every sensor is fresh and the node is ready."""
        self._world.calm()
        self._end_strangers(float("inf"))
        for name in sorted(self._removed):
            if self._set_sensor(operation=SetSensor.Request.SET, name=name, modality=name):
                self._removed.discard(name)
        for name in sorted(self._extras):
            if self._set_sensor(operation=SetSensor.Request.REMOVE, name=name):
                self._extras.discard(name)
        self._set_parameters(deadline=5.0, result_rate=30.0, **dict.fromkeys(self._ages(), 0.0))
        wanted = set(self._world.sources)
        if not self.spin(lambda: wanted <= self._observer.fresh(), seconds):
            missing = {
                name: self._observer.states[name].reason or self._observer.states[name].state
                if name in self._observer.states
                else "not there"
                for name in wanted - self._observer.fresh()
            }
            self._lost("settling", f"sensors are not fresh: {missing}")
        if not self.spin(lambda: bool(self._observer.ready.ready), seconds):
            self._lost("settling", f"the node is not ready: {self._reasons()}")

    def _reasons(self) -> str:
        return "; ".join(self._observer.ready.reasons) or str(self._observer.ready.ready)

    def _lost(self, name: str, what: str) -> None:
        self.unrecovered.append(f"after {name} (operation {self.count.total()}): {what}")

    # Sensors

    def _source(self) -> Any:
        return self._rng.choice(list(self._world.sources.values()))

    def _unplug(self) -> None:
        quick = [s for s in self._world.sources.values() if s.plugged and s.feed.rate > 1.0]
        if len(quick) > 2:  # or there would be no result
            self._rng.choice(quick).plugged = False

    def _plug(self) -> None:
        self._source().plugged = True

    def _flood(self) -> None:
        self._source().flood_until = time.monotonic() + self._rng.uniform(0.5, 3.0)

    def _bad(self) -> None:
        self._source().bad_until = time.monotonic() + self._rng.uniform(0.5, 3.0)

    def _stamps(self) -> None:
        source = self._source()
        source.offset = self._rng.choice((-3600.0, 3600.0, -5.0, -1e12, 0.5))
        source.false_until = time.monotonic() + self._rng.uniform(0.5, 3.0)

    def _add(self) -> None:
        if self._removed and self._rng.random() < 0.7:
            name = self._rng.choice(sorted(self._removed))
            if self._set_sensor(operation=SetSensor.Request.SET, name=name, modality=name):
                self._removed.discard(name)
            return
        name = f"extra{self._rng.randrange(6)}"
        modality = self._rng.choice(("image", "thermal", "points"))
        fields = {"name": name, "modality": modality, "topic": modality}
        if self._set_sensor(operation=SetSensor.Request.SET, **fields):
            self._extras.add(name)

    def _remove(self) -> None:
        if self._extras:
            name = self._rng.choice(sorted(self._extras))
            if self._set_sensor(operation=SetSensor.Request.REMOVE, name=name):
                self._extras.discard(name)
        elif not self._removed:
            name = self._rng.choice(("thermal", "points", "audio", "text"))
            if self._set_sensor(operation=SetSensor.Request.REMOVE, name=name):
                self._removed.add(name)

    def _rename(self) -> None:
        if self._extras:
            old, new = self._rng.choice(sorted(self._extras)), f"other{self._rng.randrange(6)}"
            fields = {"name": old, "new_name": new}
            if self._set_sensor(operation=SetSensor.Request.RENAME, **fields):
                self._extras = {*self._extras, new} - {old}

    def _set_sensor(self, **fields: Any) -> bool:
        return self._call(SetSensor, "set_sensor", **fields)

    # Parameters and labels

    def _ages(self) -> list[str]:
        return [f"sensor.{name}.max_age" for name in self._world.sources]

    def _parameters(self) -> None:
        rng = self._rng
        choices: dict[str, Any] = {
            "result_rate": rng.choice((0.0, 5.0, 30.0, 1000.0)),
            "memory": rng.choice((0.0, 1.0, 3.0, 3600.0)),
            "top_k": rng.choice((1, 5, 1000)),
            "contradiction_after": rng.choice((0.0, 2.0)),
            "deadline": rng.choice((0.5, 1.0, 5.0)),
            rng.choice(self._ages()): rng.choice((0.0, 0.3, 3600.0)),
        }
        name = rng.choice(list(choices))
        if name.split(".")[1:2] and name.split(".")[1] in self._removed:
            return
        self._set_parameters(**{name: choices[name]})

    def _set_parameters(self, **values: Any) -> None:
        request = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        self._call(SetParameters, "set_parameters", parameters=request)

    def _labels(self) -> None:
        words = [
            " ".join(self._rng.sample(WORDS, self._rng.randrange(1, 4)))
            for _ in range(self._rng.randrange(2, 40))
        ]
        self._call(SetLabels, "set_labels", labels=words)

    def _enroll(self) -> None:
        self._call(Enroll, "enroll", label=self._rng.choice(LABELS), duration=0.5)

    def _relabel(self) -> None:
        old, new = self._rng.sample(LABELS, 2)
        kind = self._rng.choice(("rename", "delete", "list"))
        if kind == "rename":
            self._call(RenameLabel, "rename_label", label=old, new_label=new)
        elif kind == "delete":
            self._call(DeleteLabel, "delete_label", label=old)
        else:
            self._call(ListLabels, "list_labels")

    # Lifecycle and faults

    def _round(self) -> None:
        down, up = [Transition.TRANSITION_DEACTIVATE], [Transition.TRANSITION_ACTIVATE]
        if self._rng.random() < 0.4:
            down.append(Transition.TRANSITION_CLEANUP)
            up.insert(0, Transition.TRANSITION_CONFIGURE)
        for number in (*down, *up):
            if not self._call(ChangeState, "change_state", transition=Transition(id=number)):
                self._lost("round", f"transition {number} failed")

    def _stop(self) -> None:
        """Stop the process for a moment, as a debugger or a machine without memory does."""
        self._process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + self._rng.uniform(0.3, 2.0)
        self.spin(lambda: time.monotonic() > end, 5.0)
        self._process.send_signal(signal.SIGCONT)
        self._observer.excluded_until = time.monotonic() + 1.0

    def _stranger(self) -> None:
        """Publish another type on a sensor's topic."""
        source = self._source()
        kind = self._rng.choice((Int32, String))
        if kind is not source.feed.kind:
            # A participant may have a topic with one type only.
            context = rclpy.Context()
            rclpy.init(args=[], context=context)
            node = rclpy.create_node("stranger", context=context)
            node.create_publisher(kind, source.feed.modality, 10).publish(kind())
            until = time.monotonic() + self._rng.uniform(0.5, 5.0)
            self._strangers.append((until, node))

    def _end_strangers(self, now: float) -> None:
        for entry in [entry for entry in self._strangers if entry[0] <= now]:
            self._strangers.remove(entry)
            entry[1].destroy_node()
            entry[1].context.shutdown()

    def _vanish(self) -> None:
        """Ask for something and be gone before the answer."""
        kind, name = self._rng.choice(((SetLabels, "set_labels"), (ListLabels, "list_labels")))
        client = self._observer.create_client(kind, f"/{NODE}/{name}")
        if self.spin(client.service_is_ready, PATIENCE):
            request = kind.Request(labels=["a", "b"]) if kind is SetLabels else kind.Request()
            client.call_async(request)
        self._observer.destroy_client(client)

    def _call(self, kind: Any, service: str, **fields: Any) -> bool:
        """Call a service; return whether it succeeded, and note if it does not answer."""
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = self._observer.create_client(
                kind, f"/{NODE}/{service}"
            )
        if not self.spin(client.service_is_ready, PATIENCE):
            self._lost(service, f"the service is not there within {PATIENCE:g} s")
            return False
        future = client.call_async(kind.Request(**fields))
        if not self.spin(future.done, PATIENCE):
            client.remove_pending_request(future)
            self._lost(service, f"the service did not answer within {PATIENCE:g} s")
            return False
        answer = future.result()
        success = getattr(answer, "success", True)
        if not success:
            self.refused[f"{service}: {getattr(answer, 'message', '')[:80]}"] += 1
        return bool(success)
