"""Which processors may saturate int8, from Linux's description of them."""

import pytest

from omnibind_ros.encoders.processor import may_saturate_int8

ONE = "processor\t: 0\nmodel name\t: X\nflags\t\t: fpu sse2 {}\nvmx flags\t: vnmi\n"


@pytest.mark.parametrize(
    ("text", "saturates"),
    [
        (ONE.format("avx2"), True),
        (ONE.format("avx2 avx512f"), True),
        (ONE.format("avx2 avx512_vnni"), False),
        (ONE.format("avx2 avx_vnni"), False),
        (ONE.format("avx_vnni") + ONE.format("avx2"), True),  # not each processor has it
        ("processor\t: 0\nFeatures\t: fp asimd asimddp\n", True),  # ARM: it cannot be told
        ("", True),
    ],
)
def test_processors_without_vnni_may_saturate(tmp_path, text, saturates):
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    assert may_saturate_int8(path) == saturates


def test_without_a_description_they_may(tmp_path):
    assert may_saturate_int8(tmp_path / "none")
