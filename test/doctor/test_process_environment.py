"""Whether a publisher's process was started with a Fast DDS profile."""

import pytest

from omnibind_ros.doctor.process_environment import has_profile


def gid(number, host=b"\x78\xfd"):
    return b"\x01\x0f" + host + (number & 0xFFFF).to_bytes(2, "little") + bytes(10)


@pytest.fixture
def processes(tmp_path):
    for number, environment in (
        (70_000, b"HOME=/root\0FASTRTPS_DEFAULT_PROFILES_FILE=/x.xml\0"),
        (41, b"HOME=/root\0"),
        (42, b""),
        (42 + 65536, b""),
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "environ").write_bytes(environment)
    (tmp_path / "meminfo").write_text("")
    return tmp_path


def test_the_environment_of_the_process_tells(processes):
    own = gid(1)
    assert has_profile(gid(70_000), own, processes) is True
    assert has_profile(gid(41), own, processes) is False


def test_it_is_not_told_where_it_cannot_be_seen(processes):
    own = gid(1)
    assert has_profile(gid(42), own, processes) is None  # two processes
    assert has_profile(gid(43), own, processes) is None  # none
    assert has_profile(gid(41, host=b"\0\0"), own, processes) is None
    assert has_profile(b"\x01\x10" + gid(41)[2:], own, processes) is None  # another DDS
    assert has_profile(gid(41), b"", processes) is None
    assert has_profile(gid(41), own, processes / "gone") is None
