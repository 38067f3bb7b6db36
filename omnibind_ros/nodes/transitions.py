"""Lifecycle transitions that say why they fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from omnibind_ros.runtime.callback_errors import CallbackErrors


class CountsErrors(Protocol):
    """A node that counts the exceptions in its callbacks.

    Attributes:
        errors: The exceptions.
    """

    errors: CallbackErrors


NodeType = TypeVar("NodeType", bound=CountsErrors)
Transition = Callable[[NodeType, LifecycleState], TransitionCallbackReturn]


def fails_aloud(transition: Transition[NodeType]) -> Transition[NodeType]:
    """Make a transition callback log and count its exception, and then return ERROR.

    rclpy turns an exception into ERROR without a word.
    """

    @wraps(transition)
    def call(node: NodeType, state: LifecycleState) -> Any:
        try:
            return transition(node, state)
        except Exception as error:  # noqa: BLE001 - on_error handles whatever it is
            node.errors.transition_failed(transition.__name__, error)
            return TransitionCallbackReturn.ERROR

    return call
