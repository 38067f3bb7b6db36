"""Which losses of messages are reported, on a clock of the test's own."""

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import ROOT

from omnibind_ros.runtime.losses import WINDOW, Loss, Losses, why_lost
from omnibind_ros.runtime.middleware import how_not_to_lose, profile_variables
from omnibind_ros.runtime.silence import Endpoint, Wanted

IMAGE = "sensor_msgs/msg/Image"
CAMERA = Wanted("camera", "/camera/image", IMAGE)
EXAMPLES = int(os.environ.get("OMNIBIND_EXAMPLES", "150"))


def after(seconds, rate, arrives):
    """Count the messages of a publisher; `arrives` says of the n-th whether it does."""
    losses, reports = Losses(), []
    for number in range(int(seconds * rate)):
        now = 50.0 + number / rate
        if arrives(number):
            losses.message(now)
        else:
            losses.lost(1, now)
        reports.append(losses.current(now))
    return losses, reports


@pytest.mark.parametrize("rate", [0.2, 1.0, 30.0, 400.0])
def test_a_publisher_that_loses_none_is_never_accused(rate):
    _, reports = after(60, rate, lambda number: True)
    assert not any(reports)


@pytest.mark.parametrize(
    ("rate", "arrives", "arrived", "lost"),
    [
        (30.0, lambda n: n % 33 == 0, range(18, 20), range(575, 585)),  # 10 of 330
        (30.0, lambda n: n % 2 == 0, range(295, 305), range(295, 305)),
        (5.0, lambda n: False, range(1), range(96, 101)),  # raw pictures of 4K
        (1.0, lambda n: n % 4 == 0, range(5, 6), range(15, 16)),  # a slow one that does lose
        (0.25, lambda n: False, range(1), range(5, 6)),
    ],
)
def test_large_messages_that_trickle_are_counted(rate, arrives, arrived, lost):
    _, reports = after(60, rate, arrives)
    assert reports[-1].arrived in arrived
    assert reports[-1].lost in lost


@pytest.mark.parametrize(
    ("rate", "arrives"),
    [
        (30.0, lambda n: n % 10 != 0),  # one in ten
        (30.0, lambda n: not 300 <= n < 340),  # a single disturbance of 1.3 s
        (30.0, lambda n: n > 20),  # the first ones, while it is being connected
    ],
)
def test_few_losses_are_not_reported(rate, arrives):
    assert not any(after(60, rate, arrives)[1])


def test_a_report_ends_when_the_losses_do():
    losses, reports = after(10, 30.0, lambda n: n % 3 == 0)
    assert reports[-1]
    assert losses.current(60.0 + WINDOW) is None
    losses, _ = after(10, 30.0, lambda n: n % 3 == 0)
    losses.forget()  # the publisher was started anew
    assert losses.current(60.0) is None


@settings(max_examples=EXAMPLES)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 40)), max_size=60),
)
def test_counts_are_those_of_the_window(events):
    losses, seconds = Losses(), {}
    now = 0
    for step, lost, arrived in events:
        now += step
        for _ in range(arrived):
            losses.message(now + 0.25)
        if lost:
            losses.lost(lost, now + 0.5)
        old = seconds.get(now, (0, 0))
        seconds[now] = (old[0] + arrived, old[1] + lost)
    within = [value for second, value in seconds.items() if second > now + 0.75 - WINDOW]
    total = tuple(sum(value[i] for value in within) for i in (0, 1))
    report = losses.current(now + 0.75)
    if report is not None:
        assert report[:2] == total
    if not total[1]:
        assert report is None
    elif total[1] >= 0.2 * sum(total) and sum(bool(value[1]) for value in within) >= 3:
        assert report is not None


def test_the_sentence_names_the_driver_the_profile_and_the_shell():
    advice = how_not_to_lose("rmw_fastrtps_cpp", {}, "/ws/config/fastdds.xml")
    two = [Endpoint("/cam", IMAGE), Endpoint("/cloud", "sensor_msgs/msg/PointCloud2")]
    (text,) = why_lost(CAMERA, two, Loss(10, 320, 6_220_800), advice)
    assert text.startswith("10 of 330 messages (6.2 MB each) of node /cam on /camera/image arrived")
    assert "stop node /cam, run 'export FASTRTPS_DEFAULT_PROFILES_FILE=/ws/config/fastdds" in text
    assert "in the shell that starts it" in text
    assert "/cloud" not in text
    assert why_lost(CAMERA, two, None, advice) == []


def test_the_sentence_about_small_messages_names_no_profile():
    advice = how_not_to_lose("rmw_fastrtps_cpp", {}, "fastdds.xml")
    (text,) = why_lost(CAMERA, [Endpoint("/cam", IMAGE)], Loss(10, 320, 4000), advice)
    assert "PROFILE" not in text
    assert "network" in text


@pytest.mark.parametrize(
    ("middleware", "distribution", "word"),
    [
        ("rmw_fastrtps_cpp", "humble", "FASTRTPS_DEFAULT"),
        ("rmw_fastrtps_dynamic_cpp", "jazzy", "FASTRTPS_DEFAULT"),
        ("rmw_fastrtps_cpp", "kilted", "FASTDDS_DEFAULT"),
        ("rmw_fastrtps_cpp", "lyrical", "FASTDDS_DEFAULT"),
        ("rmw_fastrtps_cpp", "rolling", "FASTDDS_DEFAULT"),
        ("rmw_cyclonedds_cpp", "jazzy", "rmw_cyclonedds_cpp needs larger buffers"),
    ],
)
def test_the_variable_is_that_of_the_distribution(middleware, distribution, word):
    text = how_not_to_lose(middleware, {"ROS_DISTRO": distribution}, "/ws/{p}/fastdds.xml")
    assert word in text
    assert ("/ws/{p}/fastdds.xml" in text) == ("fastrtps" in middleware)


@pytest.mark.parametrize(
    ("environment", "both"),
    [
        ({}, True),
        ({"ROS_DISTRO": ""}, True),
        ({"ROS_DISTRO": "humble"}, True),
        ({"ROS_DISTRO": "jazzy"}, True),
        ({"ROS_DISTRO": "kilted"}, False),
        ({"ROS_DISTRO": "lyrical"}, False),
        ({"ROS_DISTRO": "rolling"}, False),
    ],
)
def test_the_launch_files_set_the_variables_that_env_sh_sets(environment, both):
    text = (ROOT / "env.sh").read_text()
    case = text[text.index('case "${ROS_DISTRO:-jazzy}"') : text.index("# Puts a folder")]
    script = "root=/ws; f() {\n" + case + "\nf; env"
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    names = {line.split("=")[0] for line in done.stdout.splitlines() if "DEFAULT_PROFILES" in line}
    assert set(profile_variables(environment)) == names
    assert len(names) == 1 + both
