"""How old a sample counts in the fusion, and how old it is said to be."""

import numpy as np
import pytest

from omnibind_ros.encoders.manifest import Calibration
from omnibind_ros.fusion.mean import MeanFusion
from omnibind_ros.modalities import MODALITIES
from omnibind_ros.recognition.label_bank import LabelBank
from omnibind_ros.recognition.recogniser import Recogniser
from omnibind_ros.runtime.cpu_time import CpuTime
from omnibind_ros.runtime.embeddings import FreshEmbedding, StoredEmbedding
from omnibind_ros.runtime.perception import Perception

VALUES = np.eye(4, dtype=np.float32)
CALIBRATION = Calibration(0.05, 0.0, {"image": 0.2, "touch": 0.2})
BANK = LabelBank(("cup", "pen"), VALUES[:2], np.arange(2))


class Ages(MeanFusion):
    """The mean, which notes the ages that it was given."""

    def fuse(self, values, modalities, ages, qualities, entropies):
        self.ages = ages.tolist()
        return super().fuse(values, modalities, ages, qualities, entropies)


class Source:
    """Two sensors, with samples of a tenth and of half a second ago."""

    cpu_time = CpuTime()

    def __init__(self, *max_ages):
        self.max_ages = max_ages

    def fresh_embeddings(self):
        taken = (9.9, 9.5)
        return [
            FreshEmbedding(
                name,
                modality,
                StoredEmbedding(VALUES[n], 1.0, None, int(taken[n] * 1e9), "", taken[n]),
                self.max_ages[n],
            )
            for n, (name, modality) in enumerate([("eye", "image"), ("pad", "touch")])
        ]

    def set_weights(self, names, weights):
        pass


@pytest.mark.parametrize("longer", [1.0, 4.0, 0.5])
def test_ages_are_weighed_as_shares_of_the_sensors_own_max_age(longer):
    fusion, results = Ages(), []
    perception = Perception(fusion, Recogniser(BANK, CALIBRATION), results.append, lambda: 10.0)
    usual = MODALITIES["touch"].max_age
    perception.update(Source(MODALITIES["image"].max_age, usual * longer))
    # Half of the max_age counts as half of it, whatever it is.
    assert fusion.ages == pytest.approx([0.1, 0.5 / longer], rel=1e-5)
    assert results[0].ages == pytest.approx([0.1, 0.5], rel=1e-5)  # seconds, as they are


def test_without_a_max_age_it_is_that_of_the_modality():
    fusion = Ages()
    Perception(fusion, Recogniser(BANK, CALIBRATION), lambda _: None, lambda: 10.0).update(
        Source(0.0, 0.0)
    )
    assert fusion.ages == pytest.approx([0.1, 0.5], rel=1e-5)
