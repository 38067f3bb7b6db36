"""Write docs/reference/messages.md from the .msg and .srv files of omnibind_msgs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "omnibind_msgs"

FIELD = re.compile(r"^(?P<type>\S+)\s+(?P<name>\w+(?:=\S+)?)\s*(?:#\s*(?P<what>.*))?$")
"""A line of an interface file: a field, or a constant with its value."""

CONSTANT = "="
SEPARATOR = "---"
PARTS = {1: ("",), 2: ("request", "response")}
"""The headings of a file's parts: a message has one part, a service two."""


def introduction(lines: list[str]) -> str:
    """Return the comment that a file begins with, as one paragraph a sentence block."""
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    return " ".join(comment)


def fields(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield type, name and description of each field or constant.

    Raises:
        ValueError: A line is neither.
    """
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        match = FIELD.match(line)
        if match is None:
            raise ValueError(f"no field of an interface: {line}")
        yield match["type"], match["name"], match["what"] or ""


def table(lines: list[str]) -> str:
    """Return the Markdown tables of one part of an interface: constants, then fields."""
    found = list(fields(lines))
    constants = [row for row in found if CONSTANT in row[1]]
    plain = [row for row in found if CONSTANT not in row[1]]
    parts = []
    if constants:
        parts.append("| constant | type | meaning |\n| --- | --- | --- |")
        parts[-1] += "".join(
            f"\n| `{name}` | `{kind}` | {what} |" for kind, name, what in constants
        )
    if plain:
        parts.append("| field | type | meaning |\n| --- | --- | --- |")
        parts[-1] += "".join(f"\n| `{name}` | `{kind}` | {what} |" for kind, name, what in plain)
    return "\n\n".join(parts)


def section(path: Path) -> str:
    """Return the section of one interface file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    cuts = [i for i, line in enumerate(lines) if line.strip() == SEPARATOR]
    parts = [lines[: cuts[0]], lines[cuts[0] + 1 :]] if cuts else [lines]
    text = [f"### {path.stem}", introduction(lines)]
    for heading, part in zip(PARTS[len(parts)], parts, strict=True):
        if heading:
            text.append(f"*{heading.capitalize()}*")
        text.append(table(part))
    return "\n\n".join(text)


def document() -> str:
    """Return the page."""
    parts = [
        "# Messages and services",
        "Written by `python3 tools/messages_doc.py` from the files of the package omnibind_msgs.",
    ]
    for title, folder in (("Messages", "msg"), ("Services", "srv")):
        parts.append(f"## {title}")
        parts += [section(path) for path in sorted((PACKAGE / folder).iterdir())]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "reference" / "messages.md").write_text(document(), encoding="utf-8")
