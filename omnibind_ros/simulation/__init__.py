"""Simulated sensors around one object: paired samples for datasets, or readings along a motion.

`simulator.Simulator` reads the sensors. The module of a modality, `simulation/MODALITY.py`, has

- `simulate(subject, setup, rng)`: returns data and settings of one sample. `subject` is the object
  and `setup` what all sensors of the sample share (`interface`); `rng` is a
  `numpy.random.Generator` of this modality alone. The data is as datasets hold it
  (`omnibind_ros.datasets.samples`); the settings are a dictionary of what was drawn, which JSON can
  hold and which is stored with the sample.

A modality that can also be read along a motion has

- `Stream(subject, step, rng)`: a class, of one sensor; `step` is the first `interface.Step`;
- `Stream.read(step)`: returns the data at each step, the first one among them, or None where there
  is none;
- `Stream.rate`: messages per second of the simulated robot (10 without it); `Stream.first`: seconds
  from when it comes upon an object to the first one (0); `Stream.steady`: True where the
  constructor draws the device alone and nothing of the object, so that a robot has one such device
  for all objects (False).

The sub-rooms are objects (models, materials, temperatures), scene (ray casting, cameras,
surroundings), rendering (visible light), sound, tactile and language.
"""

from __future__ import annotations

from functools import cache

from omnibind_ros.modalities import MODALITIES, has_part


@cache
def simulated_modalities() -> tuple[str, ...]:
    """Return the modalities that can be simulated, in the order of `MODALITIES`."""
    return tuple(name for name in MODALITIES if has_part("simulation", name))
