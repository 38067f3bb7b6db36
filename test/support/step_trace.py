"""The files of the package that one training step executes, from the command to the loss."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import omnibind_ros
from omnibind_ros.cli import main

PACKAGE = Path(omnibind_ros.__file__).resolve().parent


class StepTracedError(BaseException):
    """Ends the training after the step that is traced."""


def files_of_a_step(arguments, monkeypatch, step=2):
    """Run `omnibind` with arguments until a training step has been traced.

    Args:
        arguments: What is typed after `omnibind`.
        monkeypatch: Replaces `Tensor.backward`.
        step: Number of steps before the one that is traced.

    Returns:
        Files below the package, sorted: those on the call stack from `main` to the backward pass
        after the step, and those of all functions that run between the two backward passes.
    """
    called, backward, passes = set(), torch.Tensor.backward, 0

    def profile(frame, event, argument):
        called.add(frame.f_code.co_filename)

    def traced_backward(tensor, *args, **kwargs):
        nonlocal passes
        passes += 1
        if passes > step:
            sys.setprofile(None)
            frame = sys._getframe()
            while frame is not None:
                called.add(frame.f_code.co_filename)
                frame = frame.f_back
            raise StepTracedError
        backward(tensor, *args, **kwargs)
        if passes == step:
            sys.setprofile(profile)

    monkeypatch.setattr(torch.Tensor, "backward", traced_backward)
    try:
        main([str(argument) for argument in arguments])
    except StepTracedError:
        pass
    else:
        raise AssertionError(f"the training ended after {passes} steps")
    finally:
        sys.setprofile(None)
    files = {Path(name).resolve() for name in called if PACKAGE.parent.as_posix() in name}
    return sorted(str(file.relative_to(PACKAGE)) for file in files if PACKAGE in file.parents)
