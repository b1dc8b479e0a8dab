import sys

import pytest

import llamaindex_crossroute


def test_without_llamaindex_a_name_tells_how_to_install_it(monkeypatch):
    for loaded in list(sys.modules):
        if loaded.partition(".")[0] == "llama_index" or loaded == "llamaindex_crossroute.llm":
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, "llama_index", None)
    with pytest.raises(ImportError, match=r'CrossRouteLLM needs .*pip install "crossroute\[llamaindex\]"'):
        _ = llamaindex_crossroute.CrossRouteLLM


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'CrossrouteLLM'"):
        _ = llamaindex_crossroute.CrossrouteLLM
