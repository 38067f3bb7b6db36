"""How the perception node reads its sensors' messages, so that the page reads them likewise."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python

from omnibind_ros.demo.page.tiles import Tiles

from .view_calls import ServiceCalls

EVERY = 5.0
"""Seconds after which a sensor's parameters are asked for again, as they may be changed."""


class SensorOptions:
    """Asks for the parameters that only a sensor's type has, such as the unit of thermal pictures.

    In the executor's thread.
    """

    def __init__(self, calls: ServiceCalls, perception: str, tiles: Tiles) -> None:
        """Create it.

        Args:
            calls: Calls services.
            perception: Full name of the perception node.
            tiles: Get the options.
        """
        self._calls = calls
        self._service = f"{perception}/get_parameters"
        self._tiles = tiles
        self._asked: dict[str, tuple[float, Any]] = {}
        """When a sensor was asked for last, and the answer that is waited for."""

    def look(self, kinds: Mapping[str, type]) -> None:
        """Ask for what is due.

        Args:
            kinds: Dataclass of the options by sensor.
        """
        now = time.monotonic()
        for name in set(self._asked) - set(kinds):
            self._forget(name)
        if not self._calls.ready(GetParameters, self._service):
            return
        for name, kind in kinds.items():
            names = [spec.name for spec in fields(kind)]
            if not names or (name in self._asked and now - self._asked[name][0] < EVERY):
                continue
            self._forget(name)  # it was not answered in time
            request = GetParameters.Request(names=[f"sensor.{name}.{one}" for one in names])
            future = self._calls.send(GetParameters, self._service, request)
            self._asked[name] = (now, future)
            future.add_done_callback(
                lambda done, name=name, kind=kind, names=names: self._take(done, name, kind, names)
            )

    def _take(self, done: Any, name: str, kind: type, names: list[str]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        values = [parameter_value_to_python(value) for value in done.result().values]
        # Of a parameter that the node does not have, the answer may be nothing at all.
        given = {key: value for key, value in zip(names, values, strict=False) if value is not None}
        if given:
            given = {k: list(v) if hasattr(v, "tolist") else v for k, v in given.items()}
            self._tiles.set_options(name, kind(**given))

    def _forget(self, name: str) -> None:
        _, future = self._asked.pop(name, (0.0, None))
        if future is not None and not future.done():
            self._calls.forget(GetParameters, self._service, future)
