"""Finds the licence of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from omnibind_ros.safe_yaml import load_yaml

CARD = "README.md"
"""The model card: its head is YAML between two lines of three hyphens, with the key `license`."""


def find_licence(name: str) -> str:
    """Return the licence that a model's card states.

    Args:
        name: A folder, or a name on the hub, whose cards are in the cache of huggingface_hub once
            they were loaded.

    Returns:
        Such as `apache-2.0`; empty where none is stated.
    """
    local = Path(name).expanduser() / CARD
    card = local if local.is_file() else _card_on_hub(name)
    try:
        parts = card.read_text(encoding="utf-8").split("---", 2) if card is not None else []
        head = load_yaml(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ""
    if not isinstance(head, dict):
        return ""
    stated: Any = head.get("license")
    return str((head.get("license_name") if stated == "other" else None) or stated or "")


def _card_on_hub(name: str) -> Path | None:
    """Return the file of a model's card on the hub; None where it has none or there is no hub."""
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - comes with the teachers' groups
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415

    try:
        return Path(hf_hub_download(name, CARD))
    except (HfHubHTTPError, HFValidationError, OSError):
        return None
