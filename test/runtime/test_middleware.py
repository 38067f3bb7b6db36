"""Variables of the environment that differ between ROS 2 distributions."""

import pytest

from omnibind_ros.runtime.middleware import this_host_only

OLD = ("ROS_LOCALHOST_ONLY", "1")
NEW = ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({}, NEW),
        ({"ROS_DISTRO": ""}, NEW),
        ({"ROS_DISTRO": "humble"}, OLD),
        *(({"ROS_DISTRO": name}, NEW) for name in ("iron", "jazzy", "kilted", "lyrical")),
    ],
)
def test_discovery_on_this_computer_alone(environment, variable):
    assert this_host_only(environment) == variable
