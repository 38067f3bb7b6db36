"""Simulated sensors around one object: paired samples for datasets, or readings along a motion.

`simulator.Simulator` reads the sensors. Each modality has one module here, named after it, which
`part("simulation", modality)` finds (see `omnibind_ros.modalities`). It has

    simulate(subject, setup, rng) -> (data, settings)
        One sample. `subject` is the object and `setup` what all sensors of the sample share
        (`interface.py`); `rng` is a numpy.random.Generator of this modality alone. `data` is what
        datasets hold of the modality (`omnibind_ros.datasets.samples`), `settings` a dictionary
        of what was drawn, which JSON can hold; it is stored with the sample.

and, where the modality can also be read along a motion, a class

    Stream(subject, step, rng)
        One sensor; `step` is the first `interface.Step`.
    Stream.read(step) -> data
        The reading at each step, the first one among them; None where there is none.

Below are the sub-rooms: objects (models, materials, temperatures), scene (ray casting, cameras,
surroundings), rendering (visible light), sound, tactile and language.
"""

from __future__ import annotations

from functools import cache

from omnibind_ros.modalities import MODALITIES, has_part


@cache
def simulated_modalities() -> tuple[str, ...]:
    """Return the modalities that can be simulated, in the order of `MODALITIES`."""
    return tuple(name for name in MODALITIES if has_part("simulation", name))
