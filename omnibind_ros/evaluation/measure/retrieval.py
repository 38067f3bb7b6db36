"""Cross-modal retrieval: samples of one modality as queries, of another as the gallery."""

from __future__ import annotations

import numpy as np

from omnibind_ros.learning.af.embeddings import EmbeddingSet


def measure_retrieval(data: EmbeddingSet) -> dict[str, dict[str, float]]:
    """Measure every ordered pair of modalities.

    A retrieved sample is relevant if it has the class of the query. The query's own object is not
    in its gallery, so that only what the objects of a class have in common counts.

    Args:
        data: Test samples.

    Returns:
        By QUERY>GALLERY: `recall1`, the share of queries whose nearest sample is relevant, and
        `map`, the mean average precision over the queries, both in percent; and `queries`, their
        number. A pair of which no query has a relevant sample is left out.
    """
    pairs = {}
    for q, query in enumerate(data.modalities):
        for g, gallery in enumerate(data.modalities):
            if q == g:
                continue
            figures = _pair(data, q, g)
            if figures:
                pairs[f"{query}>{gallery}"] = figures
    return pairs


def _pair(data: EmbeddingSet, query: int, gallery: int) -> dict[str, float]:
    queries = np.flatnonzero(data.present[:, query])
    candidates = np.flatnonzero(data.present[:, gallery])
    if not len(queries) or not len(candidates):
        return {}
    scores = data.values[queries, query] @ data.values[candidates, gallery].T
    own = data.objects[queries][:, None] == data.objects[candidates][None]
    relevant = (data.labels[queries][:, None] == data.labels[candidates][None]) & ~own
    answerable = relevant.any(1)
    if not answerable.any():
        return {}
    order = np.argsort(np.where(own, np.inf, -scores)[answerable], axis=1, kind="stable")
    hits = np.take_along_axis(relevant[answerable], order, 1)
    precision = hits.cumsum(1) / np.arange(1, hits.shape[1] + 1)
    average = (precision * hits).sum(1) / hits.sum(1)
    return {
        "recall1": float(100 * hits[:, 0].mean()),
        "map": float(100 * average.mean()),
        "queries": float(answerable.sum()),
    }
