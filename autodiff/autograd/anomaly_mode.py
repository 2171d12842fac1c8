"""`torch.autograd.anomaly_mode`: which operation made a nan."""

from autodiff.anomaly import (
    detect_anomaly,
    set_detect_anomaly,
)

__all__ = [
    "detect_anomaly",
    "set_detect_anomaly",
]
