import sys

import pytest

import langchain_crossroute


@pytest.mark.parametrize(
    ("package", "name", "module", "remedy"),
    [
        ("langchain_core", "ChatCrossRoute", "chat_model", r'pip install "crossroute\[langchain\]"'),
        ("langchain", "CrossRouteMiddleware", "middleware", "pip install langchain"),
    ],
)
def test_without_its_package_a_name_tells_how_to_install_it(package, name, module, remedy, monkeypatch):
    for loaded in list(sys.modules):
        if loaded.partition(".")[0] == package or loaded == f"langchain_crossroute.{module}":
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"{name} needs .*{remedy}"):
        getattr(langchain_crossroute, name)


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'ChatCrossroute'"):
        _ = langchain_crossroute.ChatCrossroute
