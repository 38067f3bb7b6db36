"""What is wrong around a node: parameter files, simulated time, nodes of one name."""

import pytest

from omnibind_ros.runtime.parameter_files import parameter_files, why_unreached
from omnibind_ros.runtime.stamps import SensorClock
from omnibind_ros.runtime.surroundings import SameNames, SimulatedTime

SECOND = 10**9


def test_time_that_never_starts_is_told_after_five_seconds():
    time = SimulatedTime(100.0)
    assert [time.problem(True, 0, 100.0 + i) for i in range(5)] == [""] * 5
    problem = time.problem(True, 0, 105.0)
    assert "nothing arrives on /clock" in problem
    assert "set use_sim_time to true" not in problem
    assert time.problem(True, 3 * SECOND, 106.0) == ""  # the bag plays
    assert time.problem(True, 4 * SECOND, 120.0) == ""


def test_time_that_stops_is_told_until_it_goes_on():
    time = SimulatedTime(0.0)
    assert [time.problem(True, i * SECOND, float(i)) for i in range(1, 10)] == [""] * 9
    stopped = [time.problem(True, 9 * SECOND, 9.0 + i) for i in range(7)]
    assert list(map(bool, stopped)) == [False] * 5 + [True] * 2
    assert "stands still at 9.000 s" in time.problem(True, 9 * SECOND, 20.0)
    assert time.problem(True, 2 * SECOND, 21.0) == ""  # the bag begins again


def test_real_time_is_no_problem():
    time = SimulatedTime(0.0)
    assert [time.problem(False, i * SECOND, float(i)) for i in range(20)] == [""] * 20
    assert time.problem(False, 19 * SECOND, 60.0) == ""
    assert time.problem(True, 0, 61.0) == ""  # use_sim_time is set at run time
    assert time.problem(True, 0, 64.9) == ""
    assert time.problem(True, 0, 65.0)


def test_names_of_several_nodes_are_told_after_a_while():
    names = SameNames()
    twins = ["/perception", "/cam", "/cam", "/perception", "/_hidden", "/_hidden", "/rviz"]
    assert names.problems(twins, "/perception", 10.0) == []
    assert names.problems(twins, "/perception", 15.9) == []
    cam, own = names.problems(twins, "/perception", 16.0)
    assert cam.startswith("2 nodes have the name /cam, so")
    assert own.startswith("2 nodes have the name /perception, this one and another")
    assert "__node:=NAME" in own
    assert len(names.problems(["/cam", "/cam", "/perception"], "/perception", 17.0)) == 1
    assert names.problems(["/cam", "/perception"], "/perception", 18.0) == []
    # A node that was killed and started anew is there twice until DDS gives the old one up.
    assert names.problems(twins, "/perception", 19.0) == []
    assert names.problems([*twins, "/cam"], "/perception", 24.9) == []
    assert names.problems([*twins, "/cam"], "/perception", 25.0)[0].startswith("3 nodes")


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ([], []),
        (["perception_node"], []),
        (["perception_node", "--params-file", "a.yaml"], []),
        (["n", "--ros-args", "--params-file", "a.yaml", "-p", "x:=1"], ["a.yaml"]),
        (["n", "--ros-args", "--params-file", "a", "--params-file", "b"], ["a", "b"]),
        (["n", "--ros-args", "--", "--params-file", "a"], []),
        (["n", "--ros-args", "-r", "a:=b", "--", "x", "--ros-args", "--params-file", "c"], ["c"]),
        (["n", "--ros-args", "--params-file"], []),
    ],
)
def test_the_files_of_a_command_line(arguments, files):
    assert [str(file) for file in parameter_files(arguments)] == files


def test_only_files_without_a_key_for_the_node_are_told(tmp_path):
    def write(name, text):
        file = tmp_path / name
        file.write_text(text)
        return ["--params-file", str(file)]

    good = write("good.yaml", "/**:\n  ros__parameters:\n    top_k: 3\n")
    other = write("other.yaml", "perception_node:\n  ros__parameters:\n    top_k: 3\n")
    mixed = write("m.yaml", "a:\n  ros__parameters: {b: 1}\neye:\n  ros__parameters: {top_k: 3}\n")
    arguments = ["n", "--ros-args", *good, *other, *mixed, "--params-file", "/dev/null"]
    (problem,) = why_unreached(arguments, "/eye")
    assert "no parameter of " in problem
    assert "other.yaml reaches the node /eye, since its keys are /perception_node;" in problem
    assert "begin the file with '/**:' or '/eye:'" in problem
    assert len(why_unreached(arguments, "/robot/eye")) == 2


@pytest.mark.parametrize("stamp", [0, 5 * SECOND, 1_800_000_000 * SECOND])
@pytest.mark.parametrize("policy", ["auto", "header"])
def test_no_advice_to_set_what_is_set(stamp, policy):
    for clock_ns in (0, 100 * SECOND):
        taken = SensorClock().arrival(stamp, clock_ns, 0.5, policy, simulated=True)
        for doubt in taken.doubts:
            advice = doubt.text.partition(";")[2]
            assert "set use_sim_time," not in advice
            assert "synchronise the clocks" not in advice or clock_ns
            assert ("/clock" in advice) or stamp == 0 or policy == "header"
            assert ("stands at 0" in advice) == (clock_ns == 0)
    (doubt,) = SensorClock().arrival(0, 100 * SECOND, 0.5, "auto").doubts
    assert "let the driver fill the stamp in" in doubt.text
    (doubt,) = SensorClock().arrival(5 * SECOND, 100 * SECOND, 0.5, "auto").doubts
    assert "set use_sim_time, or set stamp to arrival" in doubt.text
