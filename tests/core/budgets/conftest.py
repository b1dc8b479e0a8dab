"""A SQLite file and a Redis of the tests' own."""

import pytest

from tests.support.redis_server import redis_server


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A Redis on a free port."""
    with redis_server(tmp_path_factory.mktemp("redis")) as (url, _):
        yield url


@pytest.fixture(params=["sqlite", "redis"])
def place(request, tmp_path):
    """Where spending is kept."""
    if request.param == "sqlite":
        return tmp_path / "budgets.sqlite3"
    url = request.getfixturevalue("redis_url")
    import redis

    client = redis.Redis.from_url(url)
    client.flushall()
    client.close()
    return url
