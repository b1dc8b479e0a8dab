"""The files of a deployment say what the docs and the package say: no container engine runs here."""

import json
import re
from fnmatch import fnmatch

import pytest

from crossroute.serve.app import make_app
from tests.support.pages import ROOT

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

DOCS = (ROOT / "docs" / "serve.md").read_text("utf-8")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture
def compose():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text("utf-8"))


def test_the_docs_name_what_compose_starts(compose):
    services = compose["services"]
    assert set(services) == {"crossroute", "redis", "postgres"}
    for image in (service["image"] for service in services.values() if "image" in service):
        assert f"`{image}`" in DOCS
    [port] = services["crossroute"]["ports"]
    host, _, inner = port.partition(":")
    assert host == inner
    assert f"port {host}" in DOCS
    named = {volume.partition(":")[0] for service in services.values() for volume in service["volumes"]}
    assert named - {"./crossroute"} == set(compose["volumes"])
    assert all(f"`{volume}`" in DOCS for volume in compose["volumes"])
    assert all(service in services for service in services["crossroute"]["depends_on"])


def test_compose_builds_the_dockerfile_and_mounts_what_it_reads(compose):
    service = compose["services"]["crossroute"]
    assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == (
        ROOT / "deploy" / "Dockerfile"
    )
    [mount] = service["volumes"]
    entry = json.loads(re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)[0])
    assert entry[:2] == ["crossroute", "serve"]
    assert entry[2].startswith(mount.split(":")[1])
    assert f"EXPOSE {service['ports'][0].partition(':')[2]}" in DOCKERFILE
    assert int(service["stop_grace_period"].removesuffix("s")) > 30  # `drain_s`


def test_the_image_s_extras_and_its_health_s_path_exist(served):
    [extras] = re.findall(r'\[([a-z,]+)\]" ', DOCKERFILE)
    assert {"serve", "redis", "traffic"} == set(extras.split(","))
    assert set(extras.split(",")) <= PROJECT["project"]["optional-dependencies"].keys()
    [path] = re.findall(r"urlopen\('http://127\.0\.0\.1:8080([^']+)'\)", DOCKERFILE)
    assert path in {route.path for route in make_app(served.service).routes}


def test_what_the_wheel_is_built_from_is_in_the_context():
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").split()
    kept = [name.removeprefix("!") for name in ignored if name.startswith("!")]
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for name in (
        *packages,
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        *PROJECT["project"]["license-files"],
    ):
        assert any(fnmatch(name, f"{one}*") for one in kept), name
