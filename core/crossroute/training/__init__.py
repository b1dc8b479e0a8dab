"""Train routers from outcomes."""

from crossroute.errors import require_extra
from crossroute.training.config import TrainingConfig

with require_extra("Training", "train"):
    from crossroute.training.few import FEW, Choice, fit_few
    from crossroute.training.fitting import fit
    from crossroute.training.run import Epoch

__all__ = ["FEW", "Choice", "Epoch", "TrainingConfig", "fit", "fit_few"]
