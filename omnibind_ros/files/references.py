"""The picture of a tactile pad at rest, beside the pictures of its contacts."""

from __future__ import annotations

from pathlib import Path

from .kinds import named_kind

STEM = "reference"


def is_reference(path: Path) -> bool:
    """Return whether a file is a picture of a pad at rest, by its name."""
    return path.stem.lower().startswith(STEM) and named_kind(path) == "picture"


class References:
    """Finds references; each folder is looked at once."""

    def __init__(self) -> None:
        """Create it; no folder has been looked at."""
        self._found: dict[Path, Path | None] = {}

    def nearest(self, path: Path) -> Path | None:
        """Return the reference of a touch picture: in its folder, or in the nearest one above.

        Args:
            path: The touch picture.

        Returns:
            reference.png or .jpg, else another picture whose name begins so; None if there is none.
        """
        for folder in path.absolute().parents:
            if folder not in self._found:
                self._found[folder] = _in_folder(folder)
            found = self._found[folder]
            if found is not None:
                return found
        return None


def _in_folder(folder: Path) -> Path | None:
    try:
        found = sorted(path for path in folder.iterdir() if is_reference(path))
    except OSError:
        return None
    return next((path for path in found if path.stem.lower() == STEM), found[0] if found else None)
