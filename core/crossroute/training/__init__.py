"""Train routers from outcomes."""

from crossroute.errors import needs_extra
from crossroute.training.config import TrainingConfig

with needs_extra("Training", "train"):
    from crossroute.training.few import FEW, Choice, fit_few
    from crossroute.training.fitting import fit
    from crossroute.training.run import Epoch

__all__ = ["FEW", "Choice", "Epoch", "TrainingConfig", "fit", "fit_few"]
