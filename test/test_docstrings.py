"""The extension that turns docstrings into reStructuredText for the API pages."""

import importlib
import inspect
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).resolve().parent.parent / "docs" / "_extensions"


@pytest.fixture
def docstrings(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    return importlib.import_module("docstrings")


def test_an_indented_block_is_code(docstrings):
    lines = ["The file has", "", "    a: |b|", "", "    c_", "", "and more."]
    assert docstrings.mend(lines) == [
        *("The file has", "", "::", "", "    a: |b|", "", "    c_", "", "and more.")
    ]


def test_a_block_that_is_marked_already_stays(docstrings):
    lines = ["The file has::", "", "    a: 1"]
    assert docstrings.mend(lines) == lines


def test_sections_and_lists_are_no_code(docstrings):
    lines = inspect.cleandoc(
        """Return it.

        Args:
            name: The name,
                in two lines.

            other: After a blank line.

        - an item

          and its second paragraph
        """
    ).splitlines()
    assert docstrings.mend(lines) == lines


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("|accuracy - confidence|", r"\|accuracy - confidence\|"),
        ("an array of str_", r"an array of str\_"),
        ("*.jpg of *args", r"\*.jpg of \*args"),
        ("`|a|`, `b_` and *this*", "`|a|`, `b_` and *this*"),
        ("snake_case, 2 * 3", "snake_case, 2 * 3"),
    ],
)
def test_markup_that_is_none_is_escaped(docstrings, written, mended):
    assert docstrings.mend([written]) == [mended]


def test_an_attribute_begins_with_an_escaped_line_end(docstrings):
    lines = ["Seconds: how many."]
    docstrings.process(None, "data", "module.NAME", None, None, lines)
    assert lines == ["\\", "Seconds: how many."]


def test_arrays_in_signatures_are_short(docstrings):
    long = "ndarray[tuple[Any, ...], dtype[float32]]"
    texts = (f"(x: {long}, y: int)", f"tuple[{long}, {long}]")
    assert docstrings.shorten(None, *texts) == (
        "(x: NDArray[float32], y: int)",
        "tuple[NDArray[float32], NDArray[float32]]",
    )
    assert docstrings.shorten(None, "()", None) == ("()", None)
