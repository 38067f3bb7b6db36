"""Write docs/reference/cli.md from the parsers of the command `omnibind`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from omnibind_ros.cli import make_parser
from omnibind_ros.datasets.commands import LateParser

WIDTH = 96
"""Columns of a line that shows how a command is called."""


def subcommands(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Yield the parser of each subcommand and its one-line help, in the order of `--help`.

    argparse has no public way to walk a parser, so that this reads its private attributes.
    """
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, subparser in action.choices.items():
                yield subparser, helps.get(name, "")


def options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return a parser's arguments, without --help and subcommands."""
    hidden = (argparse._HelpAction, argparse._SubParsersAction)
    return [action for action in parser._actions if not isinstance(action, hidden)]


def spelling(action: argparse.Action) -> str:
    """Return how an argument is typed, such as `--samples N`."""
    name = ", ".join(action.option_strings)
    if action.nargs == 0:
        return name
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else ""
    value = str(action.metavar or choices or action.dest.upper())
    if action.nargs in {"+", "*"}:
        value = f"{value} ..."
    return f"{name} {value}".strip()


def usage(parser: argparse.ArgumentParser) -> str:
    """Return the text that shows how the command is called; what may be left out is in brackets."""
    words = [parser.prog]
    for action in options(parser):
        optional = not action.required or action.nargs in {"?", "*"}
        words.append(f"[{spelling(action)}]" if optional else spelling(action))
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f"    {word}")
    return "\n".join(lines)


def section(parser: argparse.ArgumentParser, text: str) -> str:
    """Return the section of a command that has no subcommands."""
    parts = [f"## {parser.prog}", f"{text[:1].upper()}{text[1:]}."]
    parts.append(f"```text\n{usage(parser)}\n```")
    rows = [f"| `{spelling(action)}` | {action.help or ''} |" for action in options(parser)]
    if rows:
        parts.append("\n".join(["| argument | meaning |", "| --- | --- |", *rows]))
    return "\n\n".join(parts)


def sections(parser: argparse.ArgumentParser, text: str) -> Iterator[str]:
    """Yield the sections of a command and of all commands below it."""
    if isinstance(parser, LateParser):
        parser.fill()
    below = list(subcommands(parser))
    if not below:
        yield section(parser, text)
    for subparser, help_ in below:
        yield from sections(subparser, help_)


def document() -> str:
    """Return the page."""
    head = (
        "# The command omnibind\n\nWritten by `python3 tools/cli_doc.py`.\n\n"
        "`source env.sh` puts the command on the search path. `omnibind --version` prints the "
        "version, and `--help` after any command prints what stands here. Arguments in brackets "
        "may be left out; a value in parentheses is the default. The exit status is 0 where all "
        "went well, 1 with one sentence on the error output where it did not, and 130 after "
        "Ctrl+C. "
        "[`omnibind doctor`](../how-to/doctor.md) has statuses of its own."
    )
    return "\n\n".join([head, *sections(make_parser(), "")]) + "\n"


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"
    path.write_text(document(), encoding="utf-8")
