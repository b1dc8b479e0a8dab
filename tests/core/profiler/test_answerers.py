import sys

import pytest

from crossroute.errors import MissingExtraError
from crossroute.profiler.answerers import adapt_model


def test_a_callable_is_asked_as_it_is():
    def echo(text):
        return text

    assert adapt_model(echo) is echo


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(TypeError, match="An object of type int cannot be called as a model"):
        adapt_model(7)


def test_a_name_without_langchain_tells_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_core", None)
    for name in [name for name in sys.modules if name.startswith("langchain_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "langchain_core", None)
    with pytest.raises(MissingExtraError, match=r'pip install "crossroute\[langchain\]"'):
        adapt_model("openai:gpt-5-mini")
