from types import SimpleNamespace

import pytest

from omnibind_ros.sensors import RejectedSampleError
from omnibind_ros.sensors.text import decode_text


def test_sentence_is_cleaned():
    assert decode_text(SimpleNamespace(data="  a\tcup \n of\x00coffee ")) == "a cup of coffee"


@pytest.mark.parametrize(
    ("text", "words"), [("", "empty"), (" \n\t", "empty"), ("x" * 5000, "5000 characters")]
)
def test_bad_text(text, words):
    with pytest.raises(RejectedSampleError, match=words):
        decode_text(SimpleNamespace(data=text))
