import socket

import pytest

from crossroute.errors import ConfigError
from crossroute.serve.running import check_address


def test_an_address_in_use_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = ("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(ConfigError, match=rf"Cannot listen at 127.0.0.1, port {place[1]} \(.*in use"):
            check_address(*place)


def test_a_host_of_another_machine_is_told():
    with pytest.raises(ConfigError, match=r"Cannot listen at host\.invalid, port 8080 .* Choose another"):
        check_address("host.invalid", 8080)
