"""What a plan of a dataset is."""

from __future__ import annotations

from typing import Any, Protocol

from omnibind_ros.datasets.storage.item import Item


class Plan(Protocol):
    """The plan of a dataset: which samples it has. It is pickled into every worker process."""

    def __len__(self) -> int:
        """Return the number of samples to try."""

    def item(self, index: int) -> Item:
        """Return a sample, whose modalities are loaded later; the same on every call.

        Raises:
            SkipError: The sample cannot be made; it is counted, and the others go on. Any
                ValueError or OSError of the functions that load its modalities is counted likewise.
        """

    def describe(self) -> dict[str, Any]:
        """Return a description of the plan for the data card, as JSON can hold it.

        Keys: name, seed (None where nothing is random), version, summary (a paragraph),
        sources (a list of {name, licence, credit}), skipped (`SkipLog.to_dict()` of what was left
        out while planning).
        Two plans with the same description make the same dataset; an interrupted build goes on
        only with the same description.
        """
