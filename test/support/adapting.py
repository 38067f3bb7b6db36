"""Runs `omnibind adapt` in the tests' own process."""

from __future__ import annotations

import contextlib
import io
from types import SimpleNamespace

from paths import ROOT

from omnibind_ros.cli import main

HOUSEHOLD = ROOT / "models" / "household"

QUICK = ("--depth", "projection", "--precision", "fp32", "--workers", "1")


def adapt(*arguments):
    """Run `omnibind adapt`; return its status and what it printed."""
    return run("adapt", *arguments)


def run(*arguments):
    """Run a command of `omnibind`; return its status and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(map(str, arguments)))
    return SimpleNamespace(status=status, out=out.getvalue(), err=err.getvalue())


def sentence(done):
    """Return the last line of the standard error, which says why a command failed."""
    return done.err.rstrip().splitlines()[-1]
