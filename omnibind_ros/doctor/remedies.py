"""Commands that mend what is wrong, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

CALL = "python3 docs/examples/call_service.py"
"""Calls a service where there is no `ros2`, in the folder of the repository."""

LABELS = "python3 docs/examples/look.py"


@dataclass(frozen=True)
class Remedies:
    """Makes the commands for one node.

    Attributes:
        node: Full name of the node.
        has_ros2: Whether the command `ros2` is there.
        profile: Path of the package's Fast DDS profile.
        variable: The environment variable that names it to the driver's Fast DDS.
    """

    node: str
    has_ros2: bool
    profile: str
    variable: str

    def call(self, service: str, kind: str, request: Mapping[str, Any]) -> str:
        """Return a call of a service of the node.

        Args:
            service: Its name below the node's, such as `set_sensor`.
            kind: Its type, three parts.
            request: The fields of the request.
        """
        values = yaml.safe_dump(
            dict(request), default_flow_style=True, width=10**6, sort_keys=False
        ).strip()
        words = [f"{self.node}/{service}", kind, values]
        return " ".join(["ros2 service call" if self.has_ros2 else CALL, *map(shlex.quote, words)])

    def set_sensor(
        self, name: str, parameters: Mapping[str, str | float] | None = None, **fields: str
    ) -> str:
        """Return the call that changes a sensor.

        Args:
            name: The sensor.
            parameters: Parameters of the sensor, without `sensor.NAME.`.
            **fields: Its `topic` and `type`.
        """
        request: dict[str, Any] = {"operation": 0, "name": name, **fields}
        if parameters:
            request["parameters"] = [
                {"name": key, "value": _value(value)} for key, value in parameters.items()
            ]
        return self.call("set_sensor", "omnibind_msgs/srv/SetSensor", request)

    def remove_sensor(self, name: str) -> str:
        """Return the call that takes a sensor away."""
        request = {"operation": 1, "name": name}
        return self.call("set_sensor", "omnibind_msgs/srv/SetSensor", request)

    def change_state(self, transition: int) -> str:
        """Return the call of a lifecycle transition, by its number."""
        request = {"transition": {"id": transition}}
        return self.call("change_state", "lifecycle_msgs/srv/ChangeState", request)

    def export_profile(self) -> str:
        """Return the line that gives the Fast DDS profile to a driver that is started after it."""
        return f"export {self.variable}={shlex.quote(self.profile)}"

    def start(self, modality: str, topic: str) -> str:
        """Return what publishes on a topic of a modality; empty if it is a driver of a device."""
        quoted = shlex.quote(topic)
        if modality == "text":
            if self.has_ros2:
                return (
                    f"ros2 topic pub --once {quoted} std_msgs/msg/String "
                    f"{shlex.quote('{data: there is a cup}')}"
                )
            return "omnibind view"
        if modality == "audio":
            remap = shlex.quote(f"audio:={topic}")
            return f"python3 -m omnibind_ros.nodes.audio_capture_node --ros-args -r {remap}"
        if modality == "image" and self.has_ros2:
            remap = shlex.quote(f"image_raw:={topic}")
            return f"ros2 run usb_cam usb_cam_node_exe --ros-args -r {remap}"
        return ""

    def run(self) -> str:
        """Return what starts the node."""
        namespace = self.node.rpartition("/")[0]
        return "omnibind run" + (f" {shlex.quote(f'namespace:={namespace}')}" if namespace else "")

    def show(self, sensor: str = "") -> str:
        """Return what shows the states of the sensors, or a picture of what they say."""
        what = "overlay" if sensor else "sensors"
        if not self.has_ros2:
            return f"{LABELS} {what} --node {shlex.quote(self.node)}"
        if sensor:
            return f"ros2 run rqt_image_view rqt_image_view {shlex.quote(f'{self.node}/overlay')}"
        return f"ros2 topic echo --once {shlex.quote(f'{self.node}/sensors')}"

    def diagnose(self, node: str) -> str:
        """Return the doctor's own command for another node."""
        return f"omnibind doctor --node {shlex.quote(node)}"


def _value(value: str | float) -> dict[str, Any]:
    """Return a value as the fields of rcl_interfaces/ParameterValue."""
    if isinstance(value, str):
        return {"type": 4, "string_value": value}
    return {"type": 3, "double_value": float(value)}
