"""The modality vibration: the accelerations of an IMU on a gripper that holds or taps an object."""

from __future__ import annotations

from omnibind_ros.modalities import Modality

MODALITY = Modality(
    name="vibration",
    number=64,
    teacher=False,
    topic="imu",
    type="sensor_msgs/msg/Imu",
    max_age=1.0,
)

RATE = 200
"""Values per second and axis of every vibration; the sensor resamples to it."""
