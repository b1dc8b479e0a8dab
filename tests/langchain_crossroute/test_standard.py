"""LangChain's own suites, on a pool of two."""

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from crossroute.escalation import Escalation
from langchain_crossroute import ChatCrossRoute
from tests.langchain_crossroute.fakes import ChatFake

CAN = dict.fromkeys(
    ("tool_calling", "structured_output", "image_inputs", "audio_inputs", "pdf_inputs", "video_inputs"), True
)


class Pool:
    @pytest.fixture(autouse=True)
    def _pool(self, router):
        self.pool_router = router

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatCrossRoute

    @property
    def chat_model_params(self) -> dict:
        fakes = {name: ChatFake(model_name=name, profile=dict(CAN)) for name in ("small", "large")}
        return {"models": fakes, "router": self.pool_router}

    @property
    def model_override_value(self) -> str:
        return "large"

    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_pdf_inputs = True
    supports_audio_inputs = True
    supports_image_tool_message = True
    supports_pdf_tool_message = True
    supports_anthropic_inputs = True
    returns_usage_metadata = True


class TestUnit(Pool, ChatModelUnitTests):
    pass


class Offline(Pool):
    @pytest.fixture(autouse=True)
    def _media(self, monkeypatch):
        class Response:
            content = b"media"

            def raise_for_status(self):
                return self

        monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "crossroute tests")
        monkeypatch.setattr("httpx.get", lambda *_, **__: Response())


class TestIntegration(Offline, ChatModelIntegrationTests):
    pass


def doubt(query: str, answer: str) -> float:
    """Doubt every answer in words; the suite counts the models that are asked for structured output."""
    return 1.0 if answer.startswith("{") else 0.0


class TestEscalated(Offline, ChatModelIntegrationTests):
    @property
    def chat_model_params(self) -> dict:
        return {**super().chat_model_params, "escalate": Escalation(check=doubt)}
