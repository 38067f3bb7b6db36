"""Files that are written completely or not at all."""

import pytest

from omnibind_ros.atomic_files import atomic_file


def test_a_file_has_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "part"
    with atomic_file(path) as file:
        file.write(b"all")
        assert not path.exists()
    assert path.read_bytes() == b"all"
    with pytest.raises(TypeError), atomic_file(path) as file:
        file.write(None)
    assert path.read_bytes() == b"all"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_a_shared_file_do_not_take_each_others(tmp_path):
    path = tmp_path / "shard"
    with atomic_file(path, shared=True) as late:
        late.write(b"the same ")
        with atomic_file(path, shared=True) as file:
            file.write(b"the same bytes")
        late.write(b"bytes")
    assert path.read_bytes() == b"the same bytes"
    assert list(tmp_path.iterdir()) == [path]
