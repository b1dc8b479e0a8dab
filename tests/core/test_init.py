import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import crossroute

PUBLIC = [
    "Alternative",
    "Answer",
    "Budget",
    "BudgetSpentError",
    "Candidate",
    "Capability",
    "CheckpointError",
    "Constraints",
    "CrossRouteError",
    "DataError",
    "Decision",
    "Encoder",
    "EncoderError",
    "Escalation",
    "Evidence",
    "FloorError",
    "Judge",
    "MissingExtraError",
    "NoEligibleCandidateError",
    "Outcomes",
    "Pool",
    "Prediction",
    "Price",
    "Profile",
    "ProfilingSettings",
    "Promise",
    "Query",
    "Router",
    "TrainingConfig",
    "UnknownCandidateError",
    "__version__",
    "aprofile_model",
    "fit",
    "load_encoder",
    "priced",
    "profile_model",
    "read_outcomes",
]


def test_the_public_face_is_this_and_no_more():
    assert sorted(crossroute.__all__) == PUBLIC
    assert dir(crossroute) == crossroute.__all__


def test_every_public_name_resolves():
    for name in crossroute.__all__:
        assert getattr(crossroute, name) is not None
    namespace: dict[str, object] = {}
    exec("from crossroute import *", namespace)  # noqa: S102 - what a user may write
    assert set(PUBLIC) - {"__version__"} <= namespace.keys()


def test_type_checkers_and_readers_see_the_same_names():
    source = Path(crossroute.__file__).read_text("utf-8")
    typed = re.search(r"if TYPE_CHECKING:\n(.*?)\n\n", source, re.DOTALL)[1]
    imported = re.findall(r"^ +(?:from [\w.]+ import (?!\()(.*)|(\w+),)$", typed, re.MULTILINE)
    names = {name.strip() for pair in imported for name in "".join(pair).split(",")}
    assert names == set(PUBLIC) - {"__version__"} == set(crossroute._HOME)


def test_every_error_is_ours_and_a_builtin_too():
    for name in PUBLIC:
        if name.endswith("Error") and name != "CrossRouteError":
            error = getattr(crossroute, name)
            assert issubclass(error, crossroute.CrossRouteError)
            assert issubclass(error, (ValueError, LookupError, ImportError))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'crossroute' has no attribute 'Route'"):
        crossroute.Route  # noqa: B018 - what is looked at


def test_the_version_is_that_of_the_distribution():
    assert crossroute.__version__ == version("crossroute")


def test_importing_does_nothing():
    code = (
        "import logging, os, socket, sys, threading\n"
        "def refuse(*_): raise SystemExit('went to the network')\n"
        "socket.socket.connect = refuse\n"
        "before = dict(os.environ), logging.root.handlers[:], threading.active_count()\n"
        "import crossroute\n"
        "heavy = {'torch', 'sklearn', 'pyarrow', 'numpy', 'pydantic', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert before == (dict(os.environ), logging.root.handlers[:], threading.active_count())\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_what_needs_no_network_loads_no_torch():
    code = (
        "import sys\n"
        "from crossroute import Candidate, Constraints, Decision, Outcomes, Pool, Price, Query, cli\n"
        "heavy = {'torch', 'sklearn', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_routing_loads_no_torch():
    code = (
        "import sys\n"
        "from crossroute import Router\n"
        "Router.from_pretrained().route('What is 17 * 23?')\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_package_is_typed():
    assert (Path(crossroute.__file__).parent / "py.typed").exists()
