"""What the page asks of a robot, over ROS: plugs, lies, sentences, labels and teaching."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from std_msgs.msg import String

from omnibind_msgs.srv import Enroll, ListLabels, SetLabels
from omnibind_ros.demo.page.robot import Answer
from omnibind_ros.demo.page.state import SensorView, SimulatorView, ViewState, simulated_name
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.plain_text import clean_text
from omnibind_ros.runtime.callback_errors import describe

from .executor_queue import ExecutorQueue
from .view_calls import SOON, NoAnswerError, ServiceCalls

PATIENCE = 20.0
"""Seconds in which labels must be set, beside the time that is watched for a label."""

TEXT_STAYS = 2 * MODALITIES["text"].max_age
"""Seconds that the publisher of a sentence stays, so that the sensor is there while it counts, and
absent afterwards if nobody else publishes."""

ASK = 2.0
"""Seconds after which the simulated robot is asked again if it has not answered."""


class RosRobot:
    """Takes the requests of the page; see `demo.page.robot.Robot`.

    Its coroutines run in the page's loop, `look` in the thread of the node's executor.
    """

    def __init__(
        self,
        node: Node,
        queue: ExecutorQueue,
        calls: ServiceCalls,
        perception: str,
        simulator: str,
        state: ViewState,
    ) -> None:
        """Create it.

        Args:
            node: Has the publisher and the clients.
            queue: Runs functions in the thread of the node's executor.
            calls: Calls services.
            perception: Full name of the perception node.
            simulator: Full name of the simulated robot's node.
            state: Says which sensors there are, and gets what the simulated robot says.
        """
        self._node = node
        self._queue = queue
        self._perception = perception
        self._simulator = simulator
        self._state = state
        self._calls = calls
        self._text: tuple[str, Any] | None = None
        self._text_until = 0.0
        self._changing = asyncio.Lock()
        self._asked: tuple[float, Any] | None = None

    # In the executor's thread

    def look(self) -> None:
        """Ask the simulated robot which plugs are pulled and which sensor lies, if it is there."""
        now = time.monotonic()
        if self._text is not None and now > self._text_until:
            self._node.destroy_publisher(self._text[1])
            self._text = None
        name = f"{self._simulator}/get_parameters"
        if not self._calls.ready(GetParameters, name):
            self._asked = None
            if self._state.simulator.there:
                self._state.on_simulator(SimulatorView())
            return
        if self._asked is not None and now - self._asked[0] < ASK:
            return
        request = GetParameters.Request(names=["missing", "lying"])
        if self._asked is not None:  # it was not answered
            self._calls.forget(GetParameters, name, self._asked[1])
        future = self._calls.send(GetParameters, name, request)
        self._asked = (now, future)
        future.add_done_callback(self._on_answer)

    def _on_answer(self, future: Any) -> None:
        self._asked = None
        if future.exception() is not None or len(future.result().values) != 2:
            return
        missing, lying = map(parameter_value_to_python, future.result().values)
        self._state.on_simulator(
            replace(
                self._state.simulator,
                there=True,
                missing=tuple(missing or ()),
                lying=lying if isinstance(lying, str) else "",
            )
        )

    # In the page's loop; see `Robot`

    async def plug(self, sensor: str, plugged: bool) -> Answer:
        """Plug a sensor in or pull its plug."""
        view = self._state.sensor(sensor)
        if view is None:
            return Answer(False, f"There is no sensor {sensor} any more.")
        if self._state.simulator.there:
            return await _answer(self._plug_simulated(view, plugged))
        return await _answer(self._plug_real(view, plugged))

    async def let_lie(self, sensor: str, lying: bool) -> Answer:
        """Let a sensor of the simulated robot show another object, or end that."""
        view = self._state.sensor(sensor)
        if view is None or not self._state.simulator.there:
            return Answer(False, f"The sensor {sensor} belongs to no simulated robot.")
        return await _answer(self._let_lie(view, lying))

    async def say(self, sentence: str) -> Answer:
        """Publish a sentence."""
        cleaned = clean_text(sentence)
        if not cleaned:
            return Answer(False, "There is nothing to say: write a sentence first.")
        return await _answer(self._say(cleaned))

    async def set_labels(self, labels: list[str]) -> Answer:
        """Replace the labels."""
        if not any(clean_text(label) for label in labels):
            return Answer(False, "There are no labels: write some, with commas between them.")
        request = SetLabels.Request(labels=labels)
        return await _answer(self._service(SetLabels, "set_labels", request, PATIENCE))

    async def list_labels(self) -> Answer:
        """List the labels in use, in a sentence."""
        return await _answer(self._list_labels())

    async def teach(self, label: str, seconds: float) -> Answer:
        """Learn a label from what the sensors show for some seconds."""
        cleaned = clean_text(label)
        if not cleaned:
            return Answer(False, "The thing has no name: write what it is called first.")
        request = Enroll.Request(label=cleaned, duration=seconds)
        return await _answer(self._service(Enroll, "enroll", request, PATIENCE + seconds))

    async def _plug_simulated(self, sensor: SensorView, plugged: bool) -> Answer:
        name = simulated_name(sensor)
        async with self._changing:  # two changes of one list
            known = await self._calls.get_parameters(self._simulator, ["missing"])
            missing = {*(known.get("missing") or ())} - {name} | ({name} if not plugged else set())
            value = ParameterValue(
                type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=sorted(missing)
            )
            refused = await self._calls.set_parameters(self._simulator, {"missing": value})
        if refused:
            return Answer(False, f"The simulated robot refuses it: {refused}.")
        self._state.on_simulator(
            replace(self._state.simulator, there=True, missing=tuple(sorted(missing)))
        )
        return Answer(True, f"{sensor.name} is {'plugged in' if plugged else 'unplugged'}.")

    async def _plug_real(self, sensor: SensorView, plugged: bool) -> Answer:
        """Set the parameter `enabled` of a sensor of the perception node."""
        value = ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=plugged)
        name = f"sensor.{sensor.name}.enabled"
        refused = await self._calls.set_parameters(self._perception, {name: value})
        if refused:
            return Answer(False, f"The perception node refuses it: {refused}.")
        return Answer(True, f"{sensor.name} is switched {'on' if plugged else 'off'}.")

    async def _let_lie(self, sensor: SensorView, lying: bool) -> Answer:
        name = simulated_name(sensor) if lying else ""
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=name)
        async with self._changing:
            refused = await self._calls.set_parameters(self._simulator, {"lying": value})
        if refused:
            return Answer(False, f"The simulated robot refuses it: {refused}.")
        self._state.on_simulator(replace(self._state.simulator, there=True, lying=name))
        if not lying:
            return Answer(True, f"{sensor.name} tells the truth again.")
        return Answer(True, f"{sensor.name} lies as soon as another object is rendered.")

    async def _say(self, sentence: str) -> Answer:
        texts = [each for each in self._state.sensors if each.modality == "text"]
        topic = texts[0].topic if texts else MODALITIES["text"].topic
        publisher = await asyncio.wrap_future(self._queue.call(lambda: self._text_on(topic)))
        # A new publisher needs a moment until its subscribers are connected.
        await self._subscribed(publisher)
        await asyncio.wrap_future(
            self._queue.call(lambda: self._text_on(topic).publish(String(data=sentence)))
        )
        if not texts:
            return Answer(True, f"It was said on {topic}, but no sensor listens to sentences.")
        return Answer(True, f"It was said on {topic}.")

    def _text_on(self, topic: str) -> Any:
        """Return the publisher of sentences on a topic. In the executor's thread."""
        if self._text is not None and self._text[0] != topic:
            self._node.destroy_publisher(self._text[1])
            self._text = None
        if self._text is None:
            self._text = (topic, self._node.create_publisher(String, topic, 1))
        self._text_until = time.monotonic() + TEXT_STAYS
        return self._text[1]

    async def _subscribed(self, publisher: Any) -> None:
        for _ in range(40):
            if publisher.get_subscription_count():
                return
            await asyncio.sleep(0.05)

    async def _list_labels(self) -> Answer:
        name = f"{self._perception}/list_labels"
        response = await self._calls.call(ListLabels, name, ListLabels.Request(), SOON)
        if not response.success:
            return Answer(False, _sentence(response.message))
        names = [label.name for label in response.labels if label.texts or label.views]
        return Answer(True, ", ".join(names))

    async def _service(self, kind: Any, name: str, request: Any, seconds: float) -> Answer:
        full = f"{self._perception}/{name}"
        response = await self._calls.call(kind, full, request, seconds)
        return Answer(response.success, _sentence(response.message))


async def _answer(work: Coroutine[Any, Any, Answer]) -> Answer:
    try:
        return await work
    except NoAnswerError as error:
        return Answer(False, str(error))
    except Exception as error:  # noqa: BLE001 - the page must say what went wrong
        return Answer(False, f"It could not be done ({describe(error)}): try again.")


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
