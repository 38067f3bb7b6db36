"""The folder of a training run, and its configuration in it."""

from __future__ import annotations

from pathlib import Path

from omnibind_ros.learning.config import TrainingConfig, TrainingError
from omnibind_ros.learning.config_file import read_config, write_config


def open_run(out: Path, config: TrainingConfig, resume: bool) -> None:
    """Begin a run in a folder, or continue the run that is in it.

    Args:
        out: The folder; its configuration is out/config.yaml.
        config: That of the run.
        resume: Whether a run in the folder is continued.

    Raises:
        TrainingError: The folder holds a run that is not to be continued, or another one.
        OSError: It cannot be written.
    """
    path = out / "config.yaml"
    if path.is_file():
        if not resume:
            raise TrainingError(
                f"{out} holds a training run; add --resume to go on with it, or give another "
                "folder for --out"
            )
        if (before := read_config(path)) != config:
            changed = [name for name in vars(config) if vars(config)[name] != vars(before)[name]]
            raise TrainingError(
                f"the run in {out} has another configuration ({', '.join(changed)} differ); go on "
                f"with {path}, or give another folder for --out"
            )
    for folder in (out / "students", out / "checkpoints"):
        folder.mkdir(parents=True, exist_ok=True)
    write_config(config, path)
