"""Takes from rclpy what that of Humble (3.3) lacks, where this folder is on PYTHONPATH.

Python runs this file when it starts; with it, the fallbacks for Humble are tested on the wheels of
a later distribution:

    PYTHONPATH=test/support/humble_like:$PYTHONPATH python3 -m pytest test/nodes

What is gone: matched and incompatible-type events, the module rclpy.event_handler, what DDS knows
of a message in callbacks of subscriptions, and methods of later versions. What cannot be taken away
here: Fast DDS 2.6, Python 3.10, the message definitions of Humble.
"""

import importlib
import importlib.util
import os
import sys
import types


def take_away():
    # All of rclpy must have imported what is hidden below.
    for name in ("rclpy.action", "rclpy.executors", "rclpy.lifecycle", "rclpy.node"):
        importlib.import_module(name)
    from rclpy import event_handler  # noqa: PLC0415
    from rclpy.executors import Executor, InvalidHandle, await_or_execute  # noqa: PLC0415
    from rclpy.node import Node  # noqa: PLC0415
    from rclpy.subscription import Subscription  # noqa: PLC0415

    class SubscriptionEventCallbacks(event_handler.SubscriptionEventCallbacks):
        def __init__(
            self,
            *,
            deadline=None,
            incompatible_qos=None,
            liveliness=None,
            message_lost=None,
            use_default_callbacks=True,
        ):
            super().__init__(
                deadline=deadline,
                incompatible_qos=incompatible_qos,
                liveliness=liveliness,
                message_lost=message_lost,
                use_default_callbacks=use_default_callbacks,
            )

    class PublisherEventCallbacks(event_handler.PublisherEventCallbacks):
        def __init__(
            self,
            *,
            deadline=None,
            liveliness=None,
            incompatible_qos=None,
            use_default_callbacks=True,
        ):
            super().__init__(
                deadline=deadline,
                liveliness=liveliness,
                incompatible_qos=incompatible_qos,
                use_default_callbacks=use_default_callbacks,
            )

    old = types.ModuleType("rclpy.qos_event")
    old.SubscriptionEventCallbacks = SubscriptionEventCallbacks
    old.PublisherEventCallbacks = PublisherEventCallbacks
    old.UnsupportedEventTypeError = event_handler.UnsupportedEventTypeError
    sys.modules["rclpy.qos_event"] = old
    sys.modules["rclpy.event_handler"] = None

    def take_subscription(_self, subscription):
        try:
            with subscription.handle:
                taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        except InvalidHandle:
            return None
        if taken is None:
            return None

        async def execute():
            await await_or_execute(subscription.callback, taken[0])

        return execute

    Executor._take_subscription = take_subscription
    del Subscription.callback, Subscription.CallbackType
    for kind, names in (
        (Subscription, ("get_publisher_count", "logger_name")),
        (Node, ("count_clients", "count_services", "wait_for_node")),
    ):
        for name in names:
            if name in vars(kind):
                delattr(kind, name)


if importlib.util.find_spec("rclpy") is not None:
    take_away()
    os.environ["ROS_DISTRO"] = "humble"
