"""Training: outcomes in, a router out."""

from crossroute.training.config import TrainingConfig
from crossroute.training.fitting import fit
from crossroute.training.run import Epoch

__all__ = ["Epoch", "TrainingConfig", "fit"]
