"""Reads docstrings as they are written here: Google sections, and Markdown's simplest forms.

An indented block after a blank line is code, as in Markdown, and characters that reStructuredText
takes for markup (`|x|`, `str_`, `*.jpg`) are plain text outside of backticks.
"""

from __future__ import annotations

import re
from types import GenericAlias
from typing import Any

INDENT = "    "
LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d+\.) ")
MARKUP = re.compile(r"\||(?<=\w)_(?!\w)|(?<![\w*])\*(?=[\w.(/])(?![^*]*\w\*)")
"""A bar, an underscore at the end of a word, and a star that ends nowhere."""

ARRAY = re.compile(r"(?:numpy\.)?ndarray\[tuple\[Any, \.\.\.\], (?:numpy\.)?dtype\[([^\[\]]*)\]\]")


def escape(line: str) -> str:
    """Return a line with a backslash before what would be markup, outside of backticks."""
    parts = line.split("`")
    parts[::2] = [MARKUP.sub(lambda match: f"\\{match[0]}", part) for part in parts[::2]]
    return "`".join(parts)


def mend(lines: list[str]) -> list[str]:
    """Return a docstring's lines as reStructuredText.

    Args:
        lines: Without the indentation that they have in common.
    """
    mended: list[str] = []
    code = False
    before = ""  # the last line that is not blank
    for line in lines:
        if line.strip():
            begins = line.startswith(INDENT) and mended and not mended[-1].strip()
            if code:
                code = line.startswith(INDENT)
            elif begins and before[:1] not in {"", " "} and not LIST_ITEM.match(before):
                code = True
                if not before.endswith("::"):
                    mended += ["::", ""]
            before = line
        mended.append(line if code else escape(line))
    return mended


def process(*arguments: Any) -> None:
    """Mend one docstring in place.

    Args:
        arguments: Those of Sphinx's event autodoc-process-docstring; the second is the kind of
            object, the last the lines.
    """
    kind, lines = arguments[1], arguments[-1]
    lines[:] = mend(lines)
    if kind in {"data", "attribute"}:
        # Napoleon takes what stands before a colon in the first line for the type. A line with a
        # backslash alone is nothing to reStructuredText.
        lines.insert(0, "\\")


def shorten(*arguments: Any) -> tuple[str | None, str | None]:
    """Return signature and return annotation with `NDArray[float32]` for NumPy's long form.

    Args:
        arguments: Those of Sphinx's event autodoc-process-signature; the last two are the texts.
    """
    signature, returns = (text and ARRAY.sub(r"NDArray[\1]", text) for text in arguments[-2:])
    return signature, returns


def skip(*arguments: Any) -> bool | None:
    """Leave out what is another package's under a name of ours, such as NumPy's `max`.

    Args:
        arguments: Those of Sphinx's event autodoc-skip-member; the fourth is the object.
    """
    kind, member = arguments[1], arguments[3]
    if kind in {"data", "attribute"} or isinstance(member, GenericAlias):
        return None
    return True if str(getattr(member, "__module__", "")).startswith("numpy") else None


def setup(app: Any) -> dict[str, bool]:
    """Come before Napoleon, which turns Google sections into field lists."""
    app.connect("autodoc-process-docstring", process, priority=100)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
