"""The page of drivers: its sections and their parameter files."""

import re
from dataclasses import fields

import yaml
from paths import ROOT

from omnibind_ros.config import ParameterError, check
from omnibind_ros.runtime.config import SensingConfig, SensorConfig
from omnibind_ros.runtime.sensor_names import check_name

TEXT = (ROOT / "docs" / "drivers.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
GENERAL = "Read this first"


def sections():
    """Return the text of each driver's section, by its heading."""
    parts = re.split(r"^## (.+)\n", TEXT, flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    del found[GENERAL]
    return found


def sensor_of(block):
    """Return the name and the parameters of a block's only sensor.

    Raises:
        ParameterError: It is no parameter file of one sensor that is listed in `sensors`.
    """
    content = yaml.safe_load(block)
    if list(content) != ["/**"] or list(content["/**"]) != ["ros__parameters"]:
        raise ParameterError("it must have /** and ros__parameters")
    parameters = content["/**"]["ros__parameters"]
    if set(parameters) != {"sensors", "sensor"}:
        raise ParameterError(f"it has {sorted(parameters)}")
    names = check(SensingConfig, "sensors", parameters["sensors"])
    if len(names) != 1 or names != list(parameters["sensor"]):
        raise ParameterError(f"it lists {names} but describes {list(parameters['sensor'])}")
    check_name(names[0])
    return names[0], parameters["sensor"][names[0]]


def check_sensor(registry, name, values):
    """Check a sensor's parameters as the node does.

    Raises:
        ParameterError: A parameter is missing, unknown or has a value that is not allowed.
        KeyError: No sensor type decodes the message type.
    """
    missing = {"modality", "topic", "type"} - set(values)
    if missing:
        raise ParameterError(f"sensor {name} does not say {sorted(missing)}")
    kind = registry.find(values["modality"], values["type"])
    places = {spec.name: of for of in (kind.options, SensorConfig) for spec in fields(of)}
    for key, value in values.items():
        if key not in places:
            raise ParameterError(f"{kind.message} of {kind.modality} has no parameter {key}")
        check(places[key], key, value, f"sensor.{name}.")


def sensor_named(name):
    """Return the parameters of a sensor of the page."""
    sensors = [sensor_of(block) for text in sections().values() for block in BLOCK.findall(text)]
    return dict(sensors)[name]


def decode(registry, name, msg, **changes):
    """Return what the sensor of the page decodes a message to.

    Args:
        registry: The sensor types.
        name: The sensor's name.
        msg: The message, as the driver publishes it.
        changes: Parameters with other values than those of the page.
    """
    values = {**sensor_named(name), **changes}
    kind = registry.find(values["modality"], values["type"])
    own = {spec.name for spec in fields(kind.options)}
    return kind.decode(msg, kind.options(**{k: v for k, v in values.items() if k in own}))
