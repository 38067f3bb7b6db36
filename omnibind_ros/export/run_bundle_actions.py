"""Runs the commands `omnibind bundle check` and `omnibind bundle embed-labels`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial

from omnibind_ros.encoders.bundle import Bundle, resolve_bundle
from omnibind_ros.encoders.manifest import BundleError
from omnibind_ros.encoders.text import TextEncoder
from omnibind_ros.fusion import AdaptiveFusion
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.labels import read_labels


def run_check(options: argparse.Namespace) -> int:
    """Load every network of a bundle, print which are good, and return the exit status.

    Args:
        options: With bundle, a folder or a name.

    Raises:
        BundleError: There is no such bundle, or a network is broken.
        LabelError: The labels cannot be used.
    """
    bundle = Bundle.load(resolve_bundle(options.bundle))
    labels = read_labels(bundle.root / bundle.manifest.labels.path).labels
    loads: dict[str, Callable[[], object]] = {
        name: partial(bundle.encoder, name) for name in bundle.manifest.encoders
    }
    if bundle.manifest.fusion is not None:
        loads["fusion"] = partial(AdaptiveFusion.load, bundle)
    broken = 0
    for name, load in loads.items():
        try:
            load()
        except ValueError as error:
            broken += 1
            print(f"{name}: {error}", file=sys.stderr)
        else:
            print(f"{name}: good")
    if broken:
        raise BundleError(f"{broken} of {len(loads)} networks are broken.")
    print(f"{bundle.manifest.model} with {len(labels)} labels is good")
    return 0


def run_embed_labels(options: argparse.Namespace) -> int:
    """Compute the label embeddings of a bundle, and return the exit status.

    Args:
        options: With bundle, a folder or a name.

    Raises:
        BundleError: There is no such bundle, or its text encoder cannot embed labels.
        LabelError: The labels cannot be used.
        OSError: The embeddings cannot be written.
    """
    bundle = Bundle.load(resolve_bundle(options.bundle))
    encoder = bundle.encoder("text")
    if not isinstance(encoder, TextEncoder):
        raise BundleError(f"the text encoder of {bundle.manifest.model} cannot embed labels.")
    labels = bundle.root / bundle.manifest.labels.path
    bank = LabelBank.load(bundle.root, labels, encoder)
    bank.save(bundle.root, labels, encoder)
    print(f"{bundle.manifest.model}: {len(bank.labels)} labels embedded")
    return 0
