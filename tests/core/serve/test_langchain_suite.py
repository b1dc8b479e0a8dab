"""LangChain's own suite for integrations: what passes at a model's API passes through the server."""

import itertools

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

from tests.core.serve.conftest import ENVIRONMENT
from tests.support import serving
from tests.support.wire import WireServer

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{told}")  # of ChatOpenAI itself, at the API as through the server
    for told in ("OpenAI may require a filename", "Received a Pydantic BaseModel V1", "Pydantic serializer")
]


@pytest.fixture(scope="module")
def addresses(folder):
    """The API itself, and the server before it."""
    with WireServer() as upstream:
        models = {
            "small": f"openai {upstream.openai}",
            "coder": f"openai {upstream.openai}",
            "large": f"anthropic {upstream.anthropic}",
        }
        with serving.served(serving.write_pool(folder, models), ENVIRONMENT) as running:
            openai = {"direct": upstream.openai, "served": running.openai}
            yield openai | {"direct, Anthropic": upstream.anthropic, "served, Anthropic": running.url}


class Suite:
    at, asked = "served", "small"

    @pytest.fixture(autouse=True)
    def _address(self, addresses, monkeypatch):
        class Response:
            content = b"media"

            def raise_for_status(self):
                return self

        self.address = addresses[self.at]
        monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "crossroute tests")
        monkeypatch.setattr("httpx.get", lambda *_, **__: Response())

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict:
        told = {"base_url": self.address, "api_key": "none", "max_retries": 0, "stream_usage": True}
        # its own client outlives the loop of one test
        told["http_async_client"] = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0))
        return {"model": self.asked, **told}

    @property
    def model_override_value(self) -> str:
        return "coder"

    supports_image_inputs = True
    supports_image_urls = True
    supports_pdf_inputs = True
    supports_image_tool_message = True
    supports_pdf_tool_message = True

    @pytest.mark.xfail(reason="the stand-in makes up the arguments of its tool calls", strict=True)
    def test_unicode_tool_call_integration(self, model):
        super().test_unicode_tool_call_integration(model)


class TestDirect(Suite, ChatModelIntegrationTests):
    at = "direct"


class TestServed(Suite, ChatModelIntegrationTests):
    pass


class TestTranslated(Suite, ChatModelIntegrationTests):
    asked = "large"


class TestRouted(Suite, ChatModelIntegrationTests):
    asked = "crossroute"


TESTS = itertools.count()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
class ByAnthropic(Suite):
    asked = "large"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatAnthropic

    @property
    def chat_model_params(self) -> dict:
        told = {"base_url": self.address, "api_key": "none", "max_retries": 0}
        # its own asynchronous client, one for each timeout, outlives the loop of one test
        return {"model": self.asked, **told, "default_request_timeout": 60 + next(TESTS)}

    @property
    def model_override_value(self) -> str:
        return "large" if self.asked == "small" else "small"


class TestDirectByAnthropic(ByAnthropic, ChatModelIntegrationTests):
    at = "direct, Anthropic"


class TestServedByAnthropic(ByAnthropic, ChatModelIntegrationTests):
    at = "served, Anthropic"


class TestTranslatedByAnthropic(ByAnthropic, ChatModelIntegrationTests):
    at, asked = "served, Anthropic", "small"
