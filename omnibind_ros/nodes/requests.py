"""Answers for requests that rclpy's own services cannot handle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node

from omnibind_ros.runtime.callback_errors import CallbackErrors, describe


def answer_all_requests(node: Node, errors: CallbackErrors) -> None:
    """Let each of a node's present services answer every request.

    rclpy raises an exception, sends no answer and ends the executor for a lifecycle transition that
    is not allowed and for a parameter of an unknown type.

    Args:
        node: The node, with rclpy's services for its lifecycle and parameters.
        errors: Gets the exceptions.
    """
    available = next(
        (
            service.callback
            for service in node.services
            if service.srv_name.endswith("/get_available_transitions")
        ),
        None,
    )
    for service in node.services:
        if service.srv_type is ChangeState and available is not None:
            service.callback = _refuse_transitions(service.callback, available, node)
        service.callback = _answer_always(service.callback, service.srv_name, errors)


def _refuse_transitions(
    callback: Callable[..., Any], available: Callable[..., Any], node: Node
) -> Callable[[Any, Any], Any]:
    """Return the callback of ~/change_state that refuses transitions which are not allowed.

    Args:
        callback: rclpy's callback, which raises RCLError for them.
        available: The callback of ~/get_available_transitions.
        node: The node.
    """

    def change_state(request: Any, response: Any) -> Any:
        answer = available(
            GetAvailableTransitions.Request(), GetAvailableTransitions.Response()
        ).available_transitions
        allowed = {known.transition.label: known.transition.id for known in answer}
        number, label = request.transition.id, request.transition.label  # rclpy prefers the label
        if label in allowed or (not label and number in allowed.values()):
            return callback(request, response)
        names = ", ".join(f"{name} ({value})" for name, value in allowed.items())
        node.get_logger().warning(
            f"transition {repr(label[:60]) if label else number} is not allowed in the node's "
            f"state and was refused; allowed are: {names or 'none'}"
        )
        response.success = False
        return response

    return change_state


def _answer_always(
    callback: Callable[..., Any], name: str, errors: CallbackErrors
) -> Callable[[Any, Any], Any]:
    def answer(request: Any, response: Any) -> Any:
        try:
            return callback(request, response)
        except Exception as error:  # noqa: BLE001 - one request must not end the node
            errors.request_failed(name, error)
            return _refusal(request, type(response)(), describe(error))

    return answer


def _refusal(request: Any, response: Any, reason: str) -> Any:
    """Fill in a response: `success` is false already, the results of parameters say why."""
    refused = SetParametersResult(successful=False, reason=f"the request failed ({reason})")
    fields = response.get_fields_and_field_types()
    if fields.get("result") == "rcl_interfaces/SetParametersResult":
        response.result = refused
    elif fields.get("results") == "sequence<rcl_interfaces/SetParametersResult>":
        response.results = [refused] * len(request.parameters)
    return response
