"""Runs the command `omnibind adapt`."""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from omnibind_ros.atomic_files import write_atomic
from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.learning.adapt.sources import Sources
from omnibind_ros.learning.adapt.training import AdaptationPlan
from omnibind_ros.learning.memory import keep_freed_memory
from omnibind_ros.learning.progress import progress_bars

from .adaptation import adapt
from .adaptation_page import PAGE
from .adaptation_request import Adaptation, AdaptationError, AdaptationRequest

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that is full, or a quota that is used up."""


def run_adapt(options: argparse.Namespace) -> int:
    """Adapt a bundle, and print what changed.

    Args:
        options: As `adapt_command.add_adapt` adds them.

    Raises:
        ValueError: It cannot be adapted, or got worse; the text is one sentence.
        OSError: A file cannot be read or written.
    """
    keep_freed_memory()
    if options.json not in (None, "-") and not Path(options.json).parent.is_dir():
        raise AdaptationError(
            f"the figures cannot be written to {options.json}, as its folder is missing; make it "
            "first"
        )
    workers = options.workers or os.cpu_count() or 1
    torch.set_num_threads(workers)
    out: Path = options.out
    work = options.work or out.resolve().with_name(f"{out.resolve().name}_work")
    request = AdaptationRequest(
        bundle=Bundle.load(resolve_bundle(options.bundle)),
        out=out,
        work=work,
        modalities=options.modalities,
        keep_labels=options.keep_labels,
        force=options.force,
        checkpoints=options.checkpoints,
        precision=options.precision,
        plan=AdaptationPlan(depth=options.depth, seed=options.seed),
        workers=workers,
    )
    sources = Sources.parse(options.sources, options.unlabelled)
    try:
        with progress_bars() as progress:
            adaptation = adapt(request, sources, progress, keep=options.work is not None)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on with what is missing", file=sys.stderr)
        raise
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = error.filename or work
        raise AdaptationError(
            f"{where} cannot be written ({error.strerror}): make room; the same command then goes "
            "on with what is missing"
        ) from error
    _show(adaptation, options.json, out)
    return 0


def _show(adaptation: Adaptation, file: str | None, out: Path) -> None:
    """Print the table and the notes, or the figures as JSON where these go to standard output."""
    text = json.dumps(adaptation.figures, indent=1) + "\n"
    if file == "-":
        print(text, end="")
        for note in adaptation.notes:
            print(f"note: {note}", file=sys.stderr)
        return
    if file is not None:
        write_atomic(Path(file), text)
    for line in table(adaptation.figures):
        print(line)
    for note in adaptation.notes:
        print(f"note: {note}")
    print(f"adapted {out}: {adaptation.bundle.manifest.model}; {out / PAGE} shows it in pictures")


def table(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the table of an adaptation's figures."""
    labelled = any("probe" in of for of in figures["sensors"].values())
    named = "right (balanced)" if labelled else "agrees with images"
    wrong_head = f" {'wrong and known':>15}" if labelled else ""
    yield (
        f"{'held back':12} {'samples':>8} {named + ', before':>28} {'after':>7} {'known':>14}"
        f"{wrong_head}"
    )
    parts = dict(figures["sensors"])
    if "fused" in figures:
        parts["together"] = figures["fused"]
    for name, of in parts.items():
        before, after = of["before"], of["after"]
        key = "balanced" if labelled else "agrees"
        known = _change(before, after, "known")
        wrong = f" {_change(before, after, 'wrong_known'):>15}" if labelled else ""
        yield (
            f"{name:12} {after['n']:8} {_percent(before, key):>28} {_percent(after, key):>7} "
            f"{known:>14}{wrong}"
        )
        if of.get("probe"):
            yield (
                f"{'':12} {'':8} {'a linear classifier on the layers alone':>28} "
                f"{_percent(of['probe'], 'balanced'):>7}"
            )


def _change(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> str:
    return f"{_percent(before, key)} > {_percent(after, key)}"


def _percent(figures: Mapping[str, Any], key: str) -> str:
    return f"{figures[key]:.1f}%" if key in figures else "none"
