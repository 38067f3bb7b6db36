"""Calls a service where the command `ros2` is missing, such as with ROS 2 from wheels.

Run it in a shell after `source env.sh`, with the three words that `ros2 service call` takes:

    python3 docs/examples/call_service.py /perception/list_labels omnibind_msgs/srv/ListLabels "{}"

It waits up to 30 s for the answer, and longer by the `duration` of the request if there is one, as
that of an enrolment; `--timeout SECONDS` sets another time.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from typing import Any

import rclpy
import yaml

PATIENCE = 30.0
"""Seconds that a small computer which is busy may take to answer."""


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


def duration_of(request: Any) -> float:
    """Return the seconds for which a request asks, in its field duration; 0 if it has none."""
    duration = getattr(request, "duration", 0.0)
    return max(float(duration), 0.0) if isinstance(duration, (int, float)) else 0.0


def call(service: str, type_name: str, request: str, timeout: float | None = None) -> str:
    """Call the service and print the response.

    Args:
        service: Name of the service.
        type_name: Its type, such as omnibind_msgs/srv/ListLabels.
        request: The request as YAML.
        timeout: Seconds in which the response must come; None: `PATIENCE`, and for the response
            the request's duration beside it.

    Returns:
        A sentence on what is wrong; empty if the response came.
    """
    try:
        package, folder, kind = type_name.split("/")
        service_type = getattr(importlib.import_module(f"{package}.{folder}"), kind)
    except (ValueError, ImportError, AttributeError):
        return f"there is no service type {type_name}; write one as omnibind_msgs/srv/ListLabels"
    message = service_type.Request()
    try:
        fill(message, yaml.safe_load(request) or {})
    except (AssertionError, AttributeError, TypeError, ValueError, yaml.YAMLError) as error:
        return f"the request {request} does not fit {type_name}: {' '.join(str(error).split())}"
    for_service = PATIENCE if timeout is None else timeout
    timeout = PATIENCE + duration_of(message) if timeout is None else timeout
    end = time.monotonic() + timeout
    rclpy.init()
    node = rclpy.create_node("call_service")
    try:
        client = node.create_client(service_type, service)
        if not client.wait_for_service(for_service):
            return (
                f"no node has answered on {service} within {for_service:g} s; start the node, see "
                "its log, and use its name, its ROS_DOMAIN_ID and the type of the service"
            )
        future = client.call_async(message)
        rclpy.spin_until_future_complete(node, future, timeout_sec=max(end - time.monotonic(), 0.1))
        if not future.done():
            return (
                f"{service} is there but has not answered within {timeout:g} s; give --timeout "
                "more seconds, or see the node's log"
            )
        response = future.result()
        for name in response.get_fields_and_field_types():
            print(f"{name}: {getattr(response, name)}")
        return ""
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, call the service, and return the exit status."""
    parser = argparse.ArgumentParser(description="Calls a service, as `ros2 service call` does.")
    parser.add_argument("service", help="such as /perception/list_labels")
    parser.add_argument("type", help="such as omnibind_msgs/srv/ListLabels")
    parser.add_argument("request", nargs="?", default="{}", help="YAML ({})")
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="how long to wait for the answer (30, and the request's duration beside it)",
    )
    options = parser.parse_args(arguments)
    # The modules of messages read this when they are imported; values of a wrong type raise then.
    os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
    problem = call(options.service, options.type, options.request, options.timeout)
    if problem:
        print(f"call_service.py: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
