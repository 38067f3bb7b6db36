"""Adaptations that several tests look at; each is made once."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from adapting import HOUSEHOLD, QUICK, adapt
from own_recordings import Recording, labelled_bag, stream_kinds, touch_folder


@pytest.fixture(scope="session")
def gel(tmp_path_factory):
    """A folder of touch pictures, CLASS/OBJECT/FILE."""
    return touch_folder(tmp_path_factory.mktemp("gel") / "gel")


@pytest.fixture(scope="session")
def adapted(gel, tmp_path_factory):
    """The shipped bundle adapted to `gel`: its folder, and the figures printed as JSON."""
    out = tmp_path_factory.mktemp("adapted") / "mine"
    done = adapt(gel, "--bundle", HOUSEHOLD, "--out", out, "--json", "-", *QUICK)
    assert done.status == 0, done.err
    return SimpleNamespace(out=out, figures=json.loads(done.out), printed=done)


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """The shipped bundle adapted to a bag with labels, all of its labels kept."""
    bag = labelled_bag(tmp_path_factory.mktemp("bag") / "bag")
    out = tmp_path_factory.mktemp("adapted") / "mine"
    done = adapt(bag, "--bundle", HOUSEHOLD, "--out", out, "--keep-labels", *QUICK)
    assert done.status == 0, done.err
    return SimpleNamespace(bag=bag, out=out, printed=done)


@pytest.fixture(scope="session")
def stream(tmp_path_factory):
    """The shipped bundle adapted to a bag without labels."""
    folder = tmp_path_factory.mktemp("bag") / "bag"
    bag = Recording(folder, stream_kinds(150)).write(labels="period: 1.0\n")
    out = tmp_path_factory.mktemp("adapted") / "mine"
    done = adapt(bag, "--bundle", HOUSEHOLD, "--out", out, "--json", "-", *QUICK)
    assert done.status == 0, done.err
    return SimpleNamespace(bag=bag, out=out, figures=json.loads(done.out), printed=done)
