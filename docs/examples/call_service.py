"""Calls a service where the command `ros2` is missing, such as with ROS 2 from wheels.

Run it in a shell after `source env.sh`, with the three words that `ros2 service call` takes:

    python3 docs/examples/call_service.py /perception/list_labels omnibind_msgs/srv/ListLabels "{}"
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import rclpy
import yaml


def fill(message: Any, values: dict[str, Any]) -> None:
    """Set the fields of a message.

    Args:
        message: The message; changed.
        values: By field name. A nested message is a dict, an array a list.

    Raises:
        ValueError: The message has no field of such a name.
    """
    types = message.get_fields_and_field_types()
    for name, value in values.items():
        if name not in types:
            raise ValueError(f"no field {name!r}; there are {', '.join(types) or 'none'}")
        if isinstance(value, dict):
            fill(getattr(message, name), value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            package, kind = types[name].removeprefix("sequence<").rstrip(">").split("/")
            element = getattr(importlib.import_module(f"{package}.msg"), kind)
            elements = [element() for _ in value]
            for each, fields in zip(elements, value, strict=True):
                fill(each, fields)
            setattr(message, name, elements)
        else:
            setattr(message, name, value)


def main(service: str, type_name: str, request: str = "{}") -> int:
    """Call the service and print the response.

    Args:
        service: Name of the service.
        type_name: Its type, such as omnibind_msgs/srv/ListLabels.
        request: The request as YAML.

    Returns:
        The exit status: 1 if there is no such service within 5 s.
    """
    package, _, kind = type_name.split("/")
    service_type = getattr(importlib.import_module(f"{package}.srv"), kind)
    message = service_type.Request()
    fill(message, yaml.safe_load(request) or {})
    rclpy.init()
    node = rclpy.create_node("call_service")
    client = node.create_client(service_type, service)
    if not client.wait_for_service(5.0):
        print(f"{service} is not there: start its node, on the same ROS_DOMAIN_ID", file=sys.stderr)
        return 1
    future = client.call_async(message)
    rclpy.spin_until_future_complete(node, future)
    response = future.result()
    for name in response.get_fields_and_field_types():
        print(f"{name}: {getattr(response, name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
