"""Spins an executor through exceptions in callbacks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from omnibind_ros.runtime.callback_errors import CallbackErrors


def spin_through_errors(
    executor: Executor, errors: CallbackErrors, closing: Callable[[], bool] = lambda: False
) -> None:
    """Spin until the context is shut down; an exception ends its callback alone.

    `Executor.spin` ends at the first exception. Many of them are no fault of the node's own code:
    rclpy raises RCLError for a client that is gone before its answer is sent.

    Args:
        executor: A single-threaded executor, with its nodes.
        errors: Gets the exceptions.
        closing: Whether to end.

    Raises:
        TooManyErrorsError: Too many callbacks fail.
    """
    while executor.context.ok() and not closing():
        try:
            executor.spin_once()
        except ExternalShutdownException:
            return
        except Exception as error:  # noqa: BLE001 - whatever a callback or rclpy raises
            if not executor.context.ok() or closing():
                return
            _release_entities(executor)
            errors.callback_failed(error)
        errors.check()


def spin_node(
    node: Node, errors: CallbackErrors, closing: Callable[[], bool] = lambda: False
) -> None:
    """Spin a node as `rclpy.spin` does, through exceptions in callbacks.

    Args:
        node: The node.
        errors: Gets the exceptions.
        closing: Whether to end.

    Raises:
        TooManyErrorsError: Too many callbacks fail.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        spin_through_errors(executor, errors, closing)
    finally:
        executor.remove_node(node)
        executor.shutdown(timeout_sec=1.0)


def _release_entities(executor: Executor) -> None:
    """Let the entities wait again that an exception has left marked as being executed.

    rclpy does not if taking the data fails; the entity and its callback group would be blocked for
    ever. No callback is under way here, as the executor has one thread.
    """
    for node in executor.get_nodes():
        entities = (
            *node.subscriptions,
            *node.timers,
            *node.clients,
            *node.services,
            *node.guards,
            *node.waitables,
        )
        for entity in entities:
            if getattr(entity, "_executor_event", False):
                entity._executor_event = False
                with contextlib.suppress(AssertionError):  # another entity holds the group
                    entity.callback_group.ending_execution(entity)
