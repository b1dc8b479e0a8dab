"""Blame: whose fault an error is, in the words of providers and their clients."""

import asyncio
import concurrent.futures
import http.client
import json
from http import HTTPStatus

import botocore.exceptions
import httpx
import pytest

from crossroute.calls import faults
from crossroute.calls.blame import find_fault, is_timeout, is_transient, status
from crossroute.calls.failures import describe_failure
from crossroute.calls.waits import read_wait


def error(name="SomethingError", message="", bases=(Exception,), **attributes):
    return type(name, bases, attributes)(message)


def response(code, headers=()):
    return httpx.Response(code, headers=dict(headers), request=httpx.Request("POST", "http://localhost"))


@pytest.mark.parametrize("code", [408, 409, 425, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("place", ["status_code", "http_status", "code"])
def test_a_transient_status_is_transient_wherever_it_stands(code, place):
    assert is_transient(error(**{place: code}))
    assert status(error(**{place: code})) == code


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422])
def test_a_permanent_status_outweighs_a_transient_name(code):
    assert not is_transient(error("RateLimitError", status_code=code))


def test_the_status_may_stand_on_the_response():
    assert is_transient(httpx.HTTPStatusError("", request=response(503).request, response=response(503)))
    assert not is_transient(httpx.HTTPStatusError("", request=response(400).request, response=response(400)))
    assert is_transient(error(response={"ResponseMetadata": {"HTTPStatusCode": 529}}))


@pytest.mark.parametrize(
    "raised",
    [
        TimeoutError(),
        asyncio.TimeoutError(),
        ConnectionResetError(),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("cut"),
        error("RateLimitError"),
        error("ServiceUnavailable"),
        error(bases=(type("APIConnectionError", (Exception,), {}),)),
        error(status_code=200, body={"type": "error", "error": {"type": "overloaded_error"}}),
    ],
)
def test_a_transient_kind_is_known_by_its_name_its_bases_or_its_body(raised):
    assert is_transient(raised)


@pytest.mark.parametrize("raised", [ValueError("bad"), error("AuthenticationError"), RuntimeError("boom")])
def test_what_is_not_known_is_permanent(raised):
    assert not is_transient(raised)


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit()])
def test_what_is_no_exception_is_never_transient(raised):
    assert not is_transient(raised)


def test_an_explicit_cause_is_looked_at_and_an_implicit_one_is_not():
    wrapped, during = RuntimeError("wrapped"), RuntimeError("another")
    wrapped.__cause__ = httpx.ReadTimeout("slow")
    during.__context__ = httpx.ReadTimeout("slow")
    assert is_transient(wrapped)
    assert is_timeout(wrapped)
    assert not is_transient(during)
    wrapped.__cause__.__cause__ = wrapped
    assert is_transient(wrapped), "a ring of causes ends"


def bad_request(message, code=None, status=400):
    body = {"message": message, "type": "invalid_request_error", "code": code}
    return error("BadRequestError", f"Error code: {status} - {body}", status_code=status, body=body)


TOLD = [
    # the request's: the same everywhere
    (bad_request("temperature must be in [0, 2]"), faults.ARGUMENT),
    (bad_request("Invalid type for 'messages': expected an array"), faults.ARGUMENT),
    (error("UnprocessableEntityError", "input: Field required", status_code=422), faults.ARGUMENT),
    (bad_request("triggering Azure OpenAI's content management policy", "content_filter"), faults.CONTENT),
    (bad_request("flagged", "content_policy_violation"), faults.CONTENT),
    (error("GraphInterrupt", bases=(type("GraphBubbleUp", (Exception,), {}),)), faults.ARGUMENT),
    # the member's, whatever the status: its window
    (bad_request("This model's maximum context length is 8192 tokens"), faults.WINDOW),
    (bad_request("prompt is too long: 210000 tokens > 200000 maximum"), faults.WINDOW),
    (
        bad_request("input length and max_tokens exceed context limit: 1 + 2 > 3", "context_length_exceeded"),
        faults.WINDOW,
    ),
    (
        bad_request("The input token count (1100000) exceeds the maximum number of tokens allowed"),
        faults.WINDOW,
    ),
    (error("RequestTooLargeError", "too big", status_code=413), faults.WINDOW),
    (bad_request("litellm.ContextWindowExceededError: litellm.BadRequestError"), faults.WINDOW),
    (bad_request("the maximum supported sequence length is just 8192!"), faults.WINDOW),
    (
        error(
            "AnOverflow",
            bases=(type("BadRequestError", (Exception,), {}), type("ContextOverflowError", (Exception,), {})),
        ),
        faults.WINDOW,
    ),
    (error("AContextOverflowError", bases=(type("ContextOverflowError", (Exception,), {}),)), faults.WINDOW),
    # its key, credit, model
    (error(status_code=401), faults.ACCESS),
    (error(status_code=404, body={"message": "The model 'x' does not exist"}), faults.ACCESS),
    (
        error("APIStatusError", "<html><h1>400 Bad Request</h1>nginx</html>", status_code=400),
        faults.UNREADABLE,
    ),
    (error("APIStatusError", "<!DOCTYPE html><title>Blocked</title>", status_code=418), faults.UNREADABLE),
    (error("APIStatusError", "<html>413</html>", status_code=413), faults.WINDOW),
    (error("APIStatusError", "teapot", status_code=418), faults.UNKNOWN),
    (error("APIStatusError", "", status_code=421), faults.UNKNOWN),
    (error("APIStatusError", "", status_code=422), faults.ARGUMENT),
    (bad_request("Your credit balance is too low to access the Anthropic API"), faults.ACCESS),
    (bad_request("API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"), faults.ACCESS),
    (error(status_code=429, body={"code": "insufficient_quota"}), faults.ACCESS),
    (bad_request("model: claude-9 not found"), faults.ACCESS),
    # what it does not take
    (
        bad_request("Unsupported value: 'temperature' does not support 0.2 with this model."),
        faults.UNSUPPORTED,
    ),
    (bad_request("Unrecognized request argument supplied: seed"), faults.UNSUPPORTED),
    (bad_request("Invalid 'stop': array too long.", "array_above_max_length"), faults.UNSUPPORTED),
    (
        bad_request("Invalid 'top_logprobs': integer above maximum.", "integer_above_max_value"),
        faults.UNSUPPORTED,
    ),
    (bad_request("top_k: Extra inputs are not permitted"), faults.UNSUPPORTED),
    (bad_request("Invalid value: 'minimal'. Supported values are: 'low' and 'high'."), faults.UNSUPPORTED),
    (bad_request("Reasoning input items can only be provided to a reasoning model"), faults.UNSUPPORTED),
    (bad_request("max_tokens is too large: 99999. This model supports at most 16384"), faults.UNSUPPORTED),
    (bad_request("This response_format type is unavailable now"), faults.UNSUPPORTED),
    (TypeError("Messages.create() got an unexpected keyword argument 'seed'"), faults.UNSUPPORTED),
    (NotImplementedError(), faults.UNSUPPORTED),
    # a request that could not be made
    (TypeError("Object of type set is not JSON serializable"), faults.UNSUPPORTED),
    (ValueError("Out of range float values are not JSON compliant"), faults.UNSUPPORTED),
    (error(status_code=501), faults.UNSUPPORTED),
    # an answer that cannot be read
    (json.JSONDecodeError("Expecting value", "<html>", 0), faults.UNREADABLE),
    (AttributeError("'str' object has no attribute 'model_dump'"), faults.UNREADABLE),
    (TypeError("Received response with null value for `choices`"), faults.UNREADABLE),
    (IndexError("list index out of range"), faults.UNREADABLE),
    (ValueError("No generation chunks were returned"), faults.UNREADABLE),
    # an error in a 200
    (ValueError({"message": "Provider returned error", "code": 502}), faults.OVERLOAD),
    (ValueError({"message": "Rate limited", "code": 429}), faults.OVERLOAD),
    (ValueError({"message": "No credits left", "code": 402}), faults.ACCESS),
    (error("APIError", "The server had an error", body={"type": "server_error"}), faults.OVERLOAD),
    (error("APIError", "what is this", body={"message": "what is this"}), faults.OVERLOAD),
    # the network's
    (error(status_code=504), faults.TIMEOUT),
    (httpx.ReadTimeout("slow"), faults.TIMEOUT),
    (httpx.RemoteProtocolError("peer closed connection"), faults.CONNECTION),
    (ConnectionResetError(), faults.CONNECTION),
    # nothing tells: another is asked, this one not again
    (RuntimeError("boom"), faults.UNKNOWN),
]


@pytest.mark.parametrize(
    ("raised", "fault"), TOLD, ids=[f"{fault.kind}: {raised}"[:60] for raised, fault in TOLD]
)
def test_the_fault_is_told_by_what_an_error_says(raised, fault):
    assert find_fault(raised) == fault


OTHER_WORDS = {
    faults.WINDOW: [
        "Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760",
        "Prompt 超长",
        "This model's maximum context length is 8192 tokens. However, your request has 9001 input tokens.",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "tokens in prompt + max_tokens (9000) must be less than 8192 for this model, its context window",
        "the request exceeds the available context size",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "Range of input length should be [1, 30720]",
        "Input is too long for requested model.",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
        "Invalid request: prompt length 9000 exceeds the maximum of 8192",
        "The request's prompt has 300000 tokens, but this model accepts at most 128000",
    ],
    faults.ACCESS: [
        "Unable to access non-serverless model meta/x. Please create and start a new dedicated endpoint",
        "Unavailable model: x",
        "The model `llama-3.1-70b-versatile` has been decommissioned and is no longer supported.",
        "Access denied, please make sure your account is in good standing.",
        "You have reached your specified API usage limits. You will regain access on 2026-12-01.",
        "This organization has been disabled.",
        "User location is not supported for the API use.",
        "The provided model identifier is invalid.",
        "Invocation of model ID x with on-demand throughput isn't possible. Use an inference profile.",
        "Unknown model: gpt-9",
        "gpt-9.1 is not a valid model ID",
        "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0",
        "Unable to locate credentials",
    ],
    faults.OVERLOAD: [
        "This request would exceed your organization's rate limit",
        "Model unloaded.",
        "Model is still loading",
    ],
    faults.CONTENT: [
        "Content Exists Risk",
        "Output data may contain inappropriate content.",
        "系统检测到输入或生成内容可能包含不安全或敏感内容",
        "The prompt was blocked by the guardrail",
        "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE",
    ],
    faults.UNSUPPORTED: [
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 5 instead.",
        "The model's maximum output tokens is 4096, but 9000 were requested",
        "max_tokens 参数超出范围",
        "A maximum of 100 PDF pages may be provided.",
        "Number of tools 200 exceeds maximum 128",
        "Invalid 'stop': array too long. Expected an array with maximum length 4, but got one with length 5.",
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        "The chatCompletion operation does not work with the specified model",
        "messages.1.content.0.thinking: each `thinking` block must contain `thinking`",
        "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
        "Could not process image",
        "* tools[0].function_declarations[0].parameters.properties: should be non-empty for OBJECT type",
        "'messages.0' : for 'role:system' the following must be satisfied[(value must be a string)]",
        "Last message must have role `user`.",
        "default chat template is no longer allowed, so you must provide a chat template",
        'Error rendering prompt with jinja template: "Only user and assistant roles are supported!"',
        "The reasoning_content in the thinking mode must be passed back to the API.",
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
        "Function call is missing a thought_signature in functionCall parts.",
        "messages.3.content.0: Invalid `signature` in `thinking` block",
        "Tool call id was call_abc but must be a-z, A-Z, 0-9, with a length of 9.",
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
        "Unexpected role 'user' after role 'tool'",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens",
        "`max_tokens` must be less than or equal to `8192`, which is less than the `context_window`",
        "At most 0 image(s) may be provided in one request.",
        "m is not a multimodal model",
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        "Function calling is not enabled for models/gemma-3-27b-it",
        "json mode cannot be combined with tool/function calling",
        "temperature: range: 0..1",
        "temperature: Input should be less than or equal to 1",
        "`temperature` may only be set to 1 when thinking is enabled.",
        "response_format: unknown variant `json_schema`, expected `text` or `json_object`",
        "parameter.enable_thinking must be set to false for non-streaming calls",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "A conversation must start with a user message.",
        "image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes",
        "stop: too many stop sequences, at most 4 are allowed",
    ],
    faults.ARGUMENT: [
        "Invalid 'messages': empty array. Expected an array with minimum length 1",
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.",
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after",
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 5 instead.",
        "Please ensure that function call turn comes immediately after a user turn.",
        "We could not parse the JSON body of your request.",
        "Invalid schema for function 'x': In context=(), 'additionalProperties' is required",
        "'messages' is a required property",
    ],
}


@pytest.mark.parametrize(
    ("fault", "message"),
    [(fault, message) for fault, messages in OTHER_WORDS.items() for message in messages],
)
def test_a_bad_request_is_told_in_the_words_of_many_servers(fault, message):
    assert find_fault(bad_request(message)) == fault


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (error(status_code=498, body={"message": "Flex tier capacity exceeded"}), faults.OVERLOAD),
        (error(status_code=499), faults.TIMEOUT),
        (error(status_code=522), faults.TIMEOUT),
        (error(status_code=500, body={"message": "the prompt is too long: 9000 tokens"}), faults.WINDOW),
        (
            error(status_code=429, body={"message": "Account is suspended: insufficient balance"}),
            faults.ACCESS,
        ),
        (
            error(status_code=429, body={"message": "You exceeded your current quota. Retry in 37s"}),
            faults.OVERLOAD,
        ),
        (
            error("EventStreamError", "An error occurred (throttlingException): Too many tokens"),
            faults.OVERLOAD,
        ),
        (OSError(113, "No route to host"), faults.CONNECTION),
        (
            error(status_code=429, body={"message": "Your team has used all available credits."}),
            faults.ACCESS,
        ),
        (bad_request("Organization has been restricted. Please reach out to support."), faults.ACCESS),
        (
            error(
                status_code=400,
                body={"message": "It could not be verified.", "code": "invalid_encrypted_content"},
            ),
            faults.UNSUPPORTED,
        ),
        (error("ResponseError", "error parsing tool call: raw='{', err=unexpected end"), faults.UNREADABLE),
        (error("RetryError", "Timeout of 600s exceeded", cause=error("ServiceUnavailable")), faults.OVERLOAD),
        (concurrent.futures.CancelledError(), faults.ARGUMENT),
        (http.client.BadStatusLine("x"), faults.CONNECTION),
        (httpx.StreamClosed(), faults.CONNECTION),
        (error("RefreshError", "invalid_grant: Bad Request"), faults.ACCESS),
        (botocore.exceptions.NoRegionError(), faults.ACCESS),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="x"), faults.TIMEOUT),
        (error("UnknownApiResponseError", "Failed to parse response as JSON: <html>"), faults.UNREADABLE),
    ],
)
def test_what_status_and_words_tell_together(raised, fault):
    assert find_fault(raised) == fault


def test_a_prompt_that_an_error_echoes_far_behind_tells_nothing():
    assert (
        find_fault(bad_request("bad request: " + "x" * 700 + " my api_key is not supported"))
        == faults.ARGUMENT
    )


def test_an_answer_of_another_type_may_be_whole_the_next_time():
    page = ValueError("Unexpected response type from OpenAI-compatible endpoint. Expected a dict, got str.")
    assert find_fault(page) is faults.UNREADABLE


def bedrock(code, status=None):
    told = {"Error": {"Code": code, "Message": "m"}}
    return error(
        "ClientError", response=told | ({"ResponseMetadata": {"HTTPStatusCode": status}} if status else {})
    )


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (bedrock("ThrottlingException", 400), faults.OVERLOAD),
        (bedrock("throttlingException"), faults.OVERLOAD),
        (bedrock("modelStreamErrorException"), faults.OVERLOAD),
        (bedrock("ModelErrorException", 424), faults.OVERLOAD),
        (bedrock("ModelTimeoutException", 408), faults.TIMEOUT),
        (bedrock("ServiceQuotaExceededException", 400), faults.ACCESS),
        (bedrock("AccessDeniedException", 403), faults.ACCESS),
        (bedrock("ValidationException", 400), faults.ARGUMENT),
    ],
)
def test_amazons_codes_tell_where_a_stream_has_no_status(raised, fault):
    assert find_fault(raised) is fault


@pytest.mark.parametrize(
    "message",
    [
        "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64",
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ],
)
def test_a_name_of_a_tool_that_one_provider_refuses_may_do_for_another(message):
    assert find_fault(error("BadRequestError", message, status_code=400)) is faults.UNSUPPORTED


def api_error(code, body):
    """Raise what a provider's client does of an answer over HTTP."""
    import openai

    answer = httpx.Response(code, json=body, request=httpx.Request("POST", "http://localhost"))
    return openai.OpenAI(api_key="none")._make_status_error_from_response(answer)


OFF = {"error": {"message": "Something is off", "type": "invalid_request_error", "code": None}}
REQUESTS = (400, 422)
OTHER_FAULTS = {**dict.fromkeys((408, 499), "network")}


@pytest.mark.parametrize("code", [*range(400, 452), 460, 463, 494, 495, 496, 497, 498, 499])
def test_of_all_refusals_two_statuses_blame_the_request(code):
    expected = "request" if code in REQUESTS else OTHER_FAULTS.get(code, "member")
    assert find_fault(api_error(code, OFF)).party == expected


OTHERWISE = [
    (400, {"error": {"message": "x", "code": 429}}, faults.OVERLOAD),
    (400, {"error": {"message": "x", "code": "503"}}, faults.OVERLOAD),
    (400, {"error": {"message": "x", "code": 401}}, faults.ACCESS),
    (400, {"error": {"message": "x", "code": 400}}, faults.ARGUMENT),
    (400, {"error": {"message": "x", "code": "1210"}}, faults.ARGUMENT),
    (400, {"detail": {"message": "x", "type": "overloaded_error"}}, faults.OVERLOAD),
    (400, [{"error": {"message": "x", "status": "FAILED_PRECONDITION"}}], faults.ACCESS),
    (400, [{"error": {"message": "x", "status": "INVALID_ARGUMENT"}}], faults.ARGUMENT),
    (400, {}, faults.UNREADABLE),
    (422, [], faults.UNREADABLE),
    (403, {"error": {"message": "x", "code": "rate_limit_exceeded"}}, faults.OVERLOAD),
    (403, {"error": {"message": "x", "code": "model_not_found"}}, faults.ACCESS),
    (404, {"error": {"message": "x", "code": "content_filter"}}, faults.CONTENT),
    (406, {"error": {"message": "x", "code": "context_length_exceeded"}}, faults.WINDOW),
    (415, {"error": {"message": "x", "type": "overloaded_error"}}, faults.OVERLOAD),
    (431, {"message": "Request header fields too large"}, faults.UNSUPPORTED),
    (429, {"error": {"message": "Request too large for m on tokens per min (TPM)"}}, faults.UNSUPPORTED),
    (429, {"error": {"message": "Rate limit reached for m on tokens per min (TPM)"}}, faults.OVERLOAD),
    (429, {"error": {"message": "exceeded token rate limit, too many tokens"}}, faults.OVERLOAD),
    (429, {"error": {"message": "Your prepayment credits are depleted."}}, faults.ACCESS),
    (429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}, faults.ACCESS),
    (400, {"error": {"message": "Failed to call a function.", "code": "tool_use_failed"}}, faults.MISFIT),
    (400, {"error": {"message": "Failed to generate JSON.", "code": "json_validate_failed"}}, faults.MISFIT),
    (400, {"error": {"message": "Parsing failed.", "code": "output_parse_failed"}}, faults.MISFIT),
    (400, {"error": {"message": "x", "code": "cyber_policy_violation"}}, faults.CONTENT),
    (413, {"error": {"message": "Max size: 8000 tokens.", "code": "tokens_limit_reached"}}, faults.WINDOW),
    (400, {"error": {"message": "Provider returned error", "code": 400}}, faults.UNSUPPORTED),
    (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "metadata": {"raw": '{"message":"Rate limit reached"}'},
            }
        },
        faults.OVERLOAD,
    ),
    (400, {"error": {"message": "The model `x` requires terms acceptance."}}, faults.ACCESS),
    (400, {"detail": "Function id 'x': DEGRADED function cannot be invoked"}, faults.OVERLOAD),
]


@pytest.mark.parametrize(("code", "body", "fault"), OTHERWISE)
def test_a_body_may_say_otherwise(code, body, fault):
    assert find_fault(api_error(code, body)) == fault


@pytest.mark.parametrize("page", ["Bad Request", "Unprocessable Entity", ""])
def test_a_refusal_without_a_word_of_why_is_none_of_the_model(page):
    import openai

    answer = httpx.Response(400, text=page, request=httpx.Request("POST", "http://localhost"))
    raised = openai.OpenAI(api_key="none")._make_status_error_from_response(answer)
    assert find_fault(raised) == faults.UNREADABLE


@pytest.mark.parametrize(
    "cause",
    [
        TypeError("'datetime.timedelta' object cannot be interpreted as an integer"),
        ValueError("Timeout value out of range"),
        OverflowError("timestamp out of range for platform time_t"),
    ],
)
def test_a_connection_that_a_timeout_of_no_kind_kept_from_opening_is_no_networks_fault(cause):
    wrapped = error("APIConnectionError", "Connection error.")
    assert find_fault(wrapped) == faults.CONNECTION
    wrapped.__cause__ = cause
    assert find_fault(wrapped) == faults.UNSUPPORTED


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no message")


class UnsetError(Exception):
    @property
    def response(self):
        raise RuntimeError("The .response property has not been set.")

    body = response


@pytest.mark.parametrize("raised", [MuteError(), UnsetError("x")])
def test_an_error_of_which_the_own_code_fails_is_an_unknown_fault(raised):
    assert find_fault(raised) == faults.UNKNOWN
    assert read_wait(raised) is None
    assert describe_failure("m", raised).error == type(raised).__name__


@pytest.mark.parametrize("code", ["429", 429.0, HTTPStatus.TOO_MANY_REQUESTS])
def test_a_status_is_read_however_it_is_typed(code):
    assert status(error(status_code=code)) == 429
    assert find_fault(error(status_code=code)) == faults.OVERLOAD


@pytest.mark.parametrize("code", ["rate_limit", "4290", float("nan"), True, 200])
def test_what_is_no_refusal_is_no_status(code):
    assert status(error(status_code=code)) is None


class GroupError(Exception):
    """As Python 3.11 and anyio raise what tasks raised at once."""

    def __init__(self, *exceptions):
        super().__init__("unhandled errors in a TaskGroup")
        self.exceptions = exceptions


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (GroupError(TimeoutError()), faults.TIMEOUT),
        (GroupError(GroupError(ConnectionError())), faults.CONNECTION),
        (GroupError(error(status_code=401)), faults.ACCESS),
        (GroupError(asyncio.CancelledError()), faults.ARGUMENT),
    ],
)
def test_a_group_of_errors_is_what_they_are(raised, fault):
    assert find_fault(raised) == fault


@pytest.mark.parametrize("body", [{("a", 1): 2}, {"code": {"x": 1}}])
def test_a_body_that_is_no_json_is_read_as_far_as_it_goes(body):
    assert find_fault(error("BadRequestError", status_code=400, body=body)) == faults.ARGUMENT


def test_a_message_of_a_failure_holds_no_control_characters_and_can_be_written():
    told = describe_failure("m", ValueError("\x1b[31mred\x00 \ud800flag")).message
    assert told == "[31mred flag"
    assert told.encode()


def test_of_a_long_message_the_beginning_is_read():
    told = describe_failure("m", ValueError("ab " * 2_000_000)).message
    assert told.startswith("ab ab ")
    assert len(told) == 200
