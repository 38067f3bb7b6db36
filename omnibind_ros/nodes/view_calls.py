"""Service calls with time limits, from a coroutine in another thread than the executor's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

from .executor_queue import ExecutorQueue

SOON = 4.0
"""Seconds in which a parameter or a short request must be answered."""


class NoAnswerError(Exception):
    """A service is not there or does not answer; the text is one sentence."""


class ServiceCalls:
    """Calls services by name; there is one client for each."""

    def __init__(self, node: Node, queue: ExecutorQueue) -> None:
        """Create it without clients.

        Args:
            node: Has the clients.
            queue: Runs functions in the thread of the node's executor.
        """
        self._node = node
        self._queue = queue
        self._clients: dict[str, Any] = {}

    def ready(self, kind: Any, name: str) -> bool:
        """Return whether a service is there. In the executor's thread."""
        return bool(self._client(kind, name).service_is_ready())

    def send(self, kind: Any, name: str, request: Any) -> Any:
        """Send a request and return rclpy's future. In the executor's thread."""
        return self._client(kind, name).call_async(request)

    def forget(self, kind: Any, name: str, future: Any) -> None:
        """Wait no longer for the answer to a request. In the executor's thread."""
        self._client(kind, name).remove_pending_request(future)

    async def call(self, kind: Any, name: str, request: Any, seconds: float = SOON) -> Any:
        """Call a service and return its response.

        Args:
            kind: The service's type.
            name: Its full name.
            request: The request.
            seconds: How long to wait for the answer.

        Raises:
            NoAnswerError: It is not there, or does not answer in time.
        """
        answer: Future[Any] = Future()
        sent: list[Any] = []

        def send() -> None:
            client = self._client(kind, name)
            if not client.service_is_ready():
                answer.set_exception(
                    NoAnswerError(f"The service {name} is not there: start the node that has it.")
                )
                return
            future = client.call_async(request)
            sent.append((client, future))
            future.add_done_callback(lambda done: _pass_on(done, answer))

        def forget() -> None:
            for client, future in sent:
                client.remove_pending_request(future)

        await asyncio.wrap_future(self._queue.call(send))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(answer), seconds)
        except asyncio.TimeoutError:
            self._queue.call(forget)
            raise NoAnswerError(
                f"The service {name} has not answered within {seconds:.0f} s: look at its node, "
                "and try again."
            ) from None

    async def get_parameters(self, node: str, names: Sequence[str]) -> dict[str, Any]:
        """Return parameters of a node; one that it does not have is None.

        Raises:
            NoAnswerError: See `call`.
        """
        request = GetParameters.Request(names=list(names))
        response = await self.call(GetParameters, f"{node}/get_parameters", request)
        values = [parameter_value_to_python(value) for value in response.values]
        # A node that does not have one of them may answer with none at all.
        return dict(zip(names, values, strict=True)) if len(values) == len(names) else {}

    async def set_parameters(self, node: str, values: Mapping[str, Any]) -> str:
        """Set parameters of a node, and return why that was refused; empty if it was not.

        Args:
            node: Full name of the node.
            values: Messages of type ParameterValue by name.

        Raises:
            NoAnswerError: See `call`.
        """
        request = SetParameters.Request(
            parameters=[Parameter(name=name, value=value) for name, value in values.items()]
        )
        response = await self.call(SetParameters, f"{node}/set_parameters", request)
        refused = [result.reason for result in response.results if not result.successful]
        return "; ".join(reason or "no reason was given" for reason in refused)

    def _client(self, kind: Any, name: str) -> Any:
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name)
        return self._clients[name]


def _pass_on(done: Any, answer: Future[Any]) -> None:
    if answer.cancelled():  # the time was over
        return
    error = done.exception()
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(done.result())
