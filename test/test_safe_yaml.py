"""YAML from outside: what PyYAML lets through as other errors, or as billions of values."""

import time

import pytest
import yaml

from omnibind_ros.safe_yaml import load_yaml


def bomb(levels):
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x]"
    rest = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join([first, *rest])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 5000 + "]" * 5000, "nested more than 100 deep"),
        ("{a: " * 5000 + "1" + "}" * 5000, "nested more than 100 deep"),
        (bomb(9), "more than"),
        ("&a [*a]", "contains itself"),
        ("when: 2026-99-99", "month"),
        ("!!python/object/apply:os.system ['true']", "python/object"),
        ("a: [", "expected"),
    ],
)
def test_what_is_wrong_is_a_yaml_error_and_found_at_once(text, words):
    begin = time.process_time()
    with pytest.raises(yaml.YAMLError) as caught:
        load_yaml(text)
    assert words in str(caught.value)
    assert time.process_time() - begin < 5


def test_ordinary_documents_are_read_with_their_aliases():
    assert load_yaml("a: &x {b: 1}\nc: *x\nd: [1, 2.5, text]") == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": [1, 2.5, "text"],
    }
    assert load_yaml("") is None
    assert load_yaml(bomb(3))["a2"][0][0][0] == "x"
    assert load_yaml("[" * 100 + "]" * 100)
    with pytest.raises(UnicodeDecodeError):
        load_yaml(b"\xff".decode())
