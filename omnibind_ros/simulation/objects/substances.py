"""The substances of objects, with the physical properties that sensors depend on.

The figures are typical values at room temperature, rounded; those of real objects scatter around
them, and the simulator draws that scatter. Sources:

- emissivity (8-14 um, the band of uncooled thermal cameras): Incropera et al., Fundamentals of
  Heat and Mass Transfer (7th ed., table A.11); FLIR's user manuals' emissivity tables. Metal is
  that of brushed, partly oxidised or varnished household metal, not of polished metal (0.05).
- density, Young's modulus, Poisson's ratio: Ashby, Materials Selection in Mechanical Design
  (4th ed., appendix A).
- loss factor: Cremer, Heckl and Petersson, Structure-Borne Sound (3rd ed., chapter 3), raised
  where joints and padding damp such objects more than the substance itself.
- roughness and specular reflectance: the conventions of Burley, Physically Based Shading at Disney
  (SIGGRAPH 2012); reflectance at normal incidence from the refractive index by Fresnel's formula.
- micro-texture: heights are of the order of Ra in Strese et al., A Haptic Texture Database for
  Tool-Mediated Texture Recognition and Classification (IEEE HAVE 2014), and of common finishes;
  they are the coarsest of the figures here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Pattern = Literal["smooth", "grain", "brushed", "weave", "noise", "pores", "veins"]
"""Kinds of micro-texture: streaks along a direction (grain, brushed), crossing threads (weave),
isotropic bumps (noise), pits (pores), a branching network (veins), or none to speak of (smooth)."""


@dataclass(frozen=True)
class MicroTexture:
    """The relief of a surface under a touch sensor's gel.

    Attributes:
        pattern: Its kind.
        height: Root mean square height, metres.
        period: Distance from one ridge, thread or bump to the next, metres.
        stretch: How much longer than wide its features are; 1 for isotropic.
    """

    pattern: Pattern
    height: float
    period: float
    stretch: float = 1.0


@dataclass(frozen=True)
class Substance:
    """A substance; the sources of its figures are named above.

    Attributes:
        name: One word.
        emissivity: Share of a black body's thermal radiation, 8-14 um.
        density: kg/m3.
        youngs_modulus: Pa.
        poisson: Poisson's ratio.
        loss_factor: Share of vibration energy lost per radian.
        roughness: Of the visible highlight, 0 a mirror, 1 matt.
        reflectance: Visible, at normal incidence, of the outermost layer; metals reflect in
            their own colour instead of white.
        metallic: Whether it conducts.
        texture: Micro-texture.
    """

    name: str
    emissivity: float
    density: float
    youngs_modulus: float
    poisson: float
    loss_factor: float
    roughness: float
    reflectance: float
    metallic: bool
    texture: MicroTexture


def _substance(
    name: str,
    emissivity: float,
    elastic: tuple[float, float, float, float],
    shine: tuple[float, float],
    texture: MicroTexture,
    metallic: bool = False,
) -> Substance:
    return Substance(name, emissivity, *elastic, *shine, metallic, texture)


SUBSTANCES: Mapping[str, Substance] = {
    substance.name: substance
    for substance in (
        # name, emissivity, (kg/m3, Pa, Poisson, loss factor), (roughness, reflectance), relief
        _substance(
            "wood",
            0.90,
            (650, 1.1e10, 0.35, 0.02),
            (0.45, 0.04),
            MicroTexture("grain", 12e-6, 0.6e-3, 12.0),
        ),
        _substance(
            "metal",
            0.30,
            (7800, 2.0e11, 0.30, 0.002),
            (0.25, 0.60),
            MicroTexture("brushed", 3e-6, 0.2e-3, 30.0),
            metallic=True,
        ),
        _substance(
            "fabric",
            0.95,
            (300, 5.0e7, 0.30, 0.25),
            (0.95, 0.02),
            MicroTexture("weave", 90e-6, 0.9e-3),
        ),
        _substance(
            "leather",
            0.95,
            (860, 2.0e8, 0.40, 0.15),
            (0.55, 0.04),
            MicroTexture("veins", 40e-6, 1.2e-3),
        ),
        _substance(
            "ceramic",
            0.92,
            (2400, 7.0e10, 0.22, 0.004),
            (0.12, 0.05),
            MicroTexture("smooth", 1e-6, 3.0e-3),
        ),
        _substance(
            "plastic",
            0.93,
            (1050, 2.4e9, 0.38, 0.03),
            (0.35, 0.04),
            MicroTexture("noise", 8e-6, 0.35e-3),
        ),
        _substance(
            "rubber",
            0.94,
            (1150, 1.0e7, 0.49, 0.20),
            (0.80, 0.04),
            MicroTexture("noise", 30e-6, 0.8e-3),
        ),
        _substance(
            "glass",
            0.92,
            (2500, 7.0e10, 0.22, 0.002),
            (0.05, 0.04),
            MicroTexture("smooth", 0.2e-6, 5.0e-3),
        ),
        _substance(
            "leaf",
            0.96,
            (700, 1.5e8, 0.35, 0.15),
            (0.50, 0.04),
            MicroTexture("veins", 60e-6, 3.0e-3, 2.0),
        ),
        _substance(
            "paper",
            0.93,
            (800, 3.0e9, 0.30, 0.06),
            (0.90, 0.03),
            MicroTexture("noise", 5e-6, 0.15e-3),
        ),
        _substance(
            "stone",
            0.94,
            (2500, 5.0e10, 0.22, 0.008),
            (0.70, 0.04),
            MicroTexture("pores", 50e-6, 1.0e-3),
        ),
        _substance(
            "skin",
            0.98,
            (1050, 4.0e5, 0.48, 0.40),
            (0.60, 0.03),
            MicroTexture("veins", 35e-6, 0.7e-3),
        ),
        _substance(
            "food",
            0.95,
            (900, 2.0e6, 0.40, 0.30),
            (0.60, 0.03),
            MicroTexture("pores", 60e-6, 1.5e-3),
        ),
    )
}
"""All substances by name."""
