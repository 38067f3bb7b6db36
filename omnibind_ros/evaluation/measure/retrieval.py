"""Cross-modal retrieval: a sample of one modality finds those of another."""

from __future__ import annotations

import numpy as np

from omnibind_ros.learning.af.embeddings import EmbeddingSet


def measure_retrieval(data: EmbeddingSet) -> dict[str, dict[str, float]]:
    """Measure every ordered pair of modalities.

    What is found counts as right if it is of the query's class. The query's own object is taken
    out of the gallery, so that only what classes have in common helps.

    Args:
        data: Test samples.

    Returns:
        By QUERY>GALLERY: `recall1`, how often the nearest is right, and `map`, the mean over
        queries of the average precision, in percent; and `queries`, how many there were. Pairs
        without a query that has anything to find are left out.
    """
    found = {}
    for q, query in enumerate(data.modalities):
        for g, gallery in enumerate(data.modalities):
            if q == g:
                continue
            figures = _pair(data, q, g)
            if figures:
                found[f"{query}>{gallery}"] = figures
    return found


def _pair(data: EmbeddingSet, query: int, gallery: int) -> dict[str, float]:
    asked, kept = np.flatnonzero(data.present[:, query]), np.flatnonzero(data.present[:, gallery])
    if not len(asked) or not len(kept):
        return {}
    scores = data.values[asked, query] @ data.values[kept, gallery].T
    own = data.objects[asked][:, None] == data.objects[kept][None]
    relevant = (data.labels[asked][:, None] == data.labels[kept][None]) & ~own
    some = relevant.any(1)
    if not some.any():
        return {}
    order = np.argsort(np.where(own, np.inf, -scores)[some], axis=1, kind="stable")
    hits = np.take_along_axis(relevant[some], order, 1)
    precision = hits.cumsum(1) / np.arange(1, hits.shape[1] + 1)
    average = (precision * hits).sum(1) / hits.sum(1)
    return {
        "recall1": float(100 * hits[:, 0].mean()),
        "map": float(100 * average.mean()),
        "queries": float(some.sum()),
    }
