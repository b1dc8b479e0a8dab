"""Faults: kinds of errors; the statuses, codes, class names and words of each; notes on errors."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal, NamedTuple

Party = Literal["request", "member", "network"]


class Fault(NamedTuple):
    """The fault behind a failed call.

    Attributes:
        party: The party at fault.
        kind: The kind of fault.
        again: Whether the same member may answer a later attempt.
        cools: Whether other calls should avoid the member for a while.
    """

    party: Party
    kind: str
    again: bool = False
    cools: bool = False


ARGUMENT = Fault("request", "argument")
CONTENT = Fault("request", "content")
"""A content filter refuses the request: `past_filters` sends it on, since filters differ."""
HANDLER = Fault("request", "handler")
"""A user's callback raised: no model is at fault, and another would only be paid as well."""
WINDOW = Fault("member", "window")
UNSUPPORTED = Fault("member", "unsupported")
ACCESS = Fault("member", "access", cools=True)
"""A key, a quota, credit, a model that is not there."""
OVERLOAD = Fault("member", "overload", again=True, cools=True)
UNREADABLE = Fault("member", "unreadable", again=True, cools=True)
"""No answer despite status 200: broken JSON, a proxy's page, an error in the body."""
MISFIT = Fault("member", "misfit")
"""An answer that does not fit the requested schema."""
UNKNOWN = Fault("member", "unknown")
TIMEOUT = Fault("network", "timeout", again=True, cools=True)
CONNECTION = Fault("network", "connection", again=True, cools=True)

BY_STATUS = {
    **dict.fromkeys((401, 402, 403, 404, 405, 407, 410, 451), ACCESS),
    **dict.fromkeys((408, 499, 504, 522, 524, 598), TIMEOUT),
    **dict.fromkeys((409, 420, 424, 425, 429, 498), OVERLOAD),
    501: UNSUPPORTED,
}
"""Any other 5xx is an overload; any other 4xx is classified by its message."""

_KINDS = {
    OVERLOAD: "overloaded_error rate_limit_error api_error server_error internal_error internal_server_error "
    "rate_limit_exceeded service_unavailable engine_overloaded resource_exhausted unavailable internal "
    "throttlingexception toomanyrequestsexception modelstreamerrorexception modelerrorexception "
    "modelnotreadyexception serviceunavailableexception internalserverexception",
    TIMEOUT: "timeout_error timeout deadline_exceeded modeltimeoutexception",
    ACCESS: "authentication_error permission_error billing_error insufficient_quota not_found_error invalid_api_key "
    "model_not_found deploymentnotfound permission_denied unauthenticated not_found budget_exceeded "
    "unavailable_model model_not_available "
    "failed_precondition accessdeniedexception servicequotaexceededexception resourcenotfoundexception",
    WINDOW: "context_length_exceeded exceed_context_size_error request_too_large string_above_max_length "
    "tokens_limit_reached",
    CONTENT: "content_filter content_policy_violation moderation_blocked data_inspection_failed invalid_prompt "
    "content_violation guardrail_violation",
    MISFIT: "tool_use_failed json_validate_failed output_parse_failed",
    UNSUPPORTED: "unimplemented unsupported_value unsupported_parameter unknown_parameter array_above_max_length "
    "integer_above_max_value decimal_above_max_value invalid_encrypted_content",
}
BY_KIND = {kind: fault for fault, kinds in _KINDS.items() for kind in kinds.split()}
"""Codes and types in an error's body, in lower case; a code goes before a type."""

_NAMES = {
    WINDOW: "ContextOverflowError ContextWindowExceededError",
    CONTENT: "ContentPolicyViolationError ContentFilterFinishReasonError BlockedPromptException OpenAIRefusalError "
    "FilteredAnswerError",
    MISFIT: "OutputParserException ValidationError LengthFinishReasonError StructuredOutputValidationError "
    "MultipleStructuredOutputsError StructuredOutputError",
    ACCESS: "AuthenticationError PermissionDeniedError PermissionDenied NotFoundError NotFound Unauthorized "
    "Unauthenticated Forbidden AccessDeniedException ModelNotFoundError RefreshError NoRegionError SSOError "
    "TokenRetrievalError ProfileNotFound",
    TIMEOUT: "APITimeoutError Timeout TimeoutError TimeoutException DeadlineExceeded ServerTimeoutError "
    "ReadTimeoutError ConnectTimeoutError",
    CONNECTION: "APIConnectionError ConnectionError TransportError ClientConnectionError ClientPayloadError "
    "ProtocolError IncompleteRead RequestException EOFError SSLError HTTPClientError gaierror BadStatusLine "
    "StreamError",
    OVERLOAD: "RateLimitError TooManyRequests ResourceExhausted ThrottlingException Throttled InternalServerError "
    "OverloadedError ServerError BadGateway GatewayTimeout ServiceUnavailable ServiceUnavailableError "
    "ModelNotReadyException ModelAPIError",
    UNREADABLE: "JSONDecodeError UnicodeDecodeError DecodingError APIResponseValidationError ContentDecodingError "
    "KeyError IndexError AttributeError ContentTypeError TooManyRedirects NoAnswerError",
    UNSUPPORTED: "NotImplementedError AssertionError",
    ARGUMENT: "BadRequestError InvalidRequestError UnprocessableEntityError InvalidArgument ModelInvalidRequestError "
    "BudgetStateError",
}
BY_NAME = {name: fault for fault, names in _NAMES.items() for name in names.split()}
"""Names of exception classes, of any library, anywhere among a class's bases."""

GAP = r"(?:[^.]|\.(?=\S))"
"""A character within a sentence; names of models contain dots."""

WORDINGS: tuple[tuple[Fault, tuple[str, ...]], ...] = (
    (
        OVERLOAD,
        (
            r"throttling|too many requests|capacity exceeded|at capacity|\boverloaded\b|high demand",
            r"\brate[- _]?limit(?:ed|s? (?:is |was )?(?:reached|exceeded))|\bdegraded\b",
            r"exceed (?:your |the )?(?:\S+ ){0,2}rate limit|model (?:is )?(?:unloaded|(?:still )?loading)",
        ),
    ),
    (
        UNSUPPORTED,
        (
            r"(?<!\+ )(?<!\+ `)(?<!and )(?<!and `)\bmax_(?:completion_|output_|new_)?tokens\b['`\"]?:? ?"
            r"(?:value|must be|should be|is too|\d+ >)",
            r"tokens per (?:min|day|hour)",
        ),
    ),
    (
        WINDOW,
        (
            r"context[_ ]?(?:length|window|size|limit)",
            r"maximum (?:supported )?(?:context|prompt|input|sequence)\b",
            r"(?:prompt|input|request|conversation|messages?) (?:is|are|was) (?:too (?:long|large)|longer than)",
            r"too many (?:input |prompt )?tokens|longer than the (?:maximum |model)|tokens_limit_reached",
            rf"exceed(?:s|ed)?{GAP}{{0,40}}\btokens?\b",
            r"input tokens exceed|input token count|\binput length|reduce the length|超长|过长",
            r"(?:messages|input)\b\S{0,30}: string too long",
            rf"(?:input|prompt)s?\b{GAP}{{0,60}}\b(?:tokens?|length)\b{GAP}{{0,60}}(?:<=|less than|at most|exceed)",
            rf"(?:input|prompt)s?\b{GAP}{{0,40}}(?:less than|at most|exceed){GAP}{{0,30}}\btokens?\b",
        ),
    ),
    (
        CONTENT,
        (
            r"content[-_ ](?:filter|polic|management|moderat)|responsible ?ai",
            r"safety (?:system|filter|setting|polic)|\bflagged\b|usage (?:polic|guideline)|guardrail|\bmoderation\b",
            r"policy[-_ ]violation|prohibited[_ ]content|(?:inappropriate|harmful|unsafe|sensitive) content",
            r"content (?:exists risk|violat)|\bsensitive (?:words|information)|敏感|违规|不安全",
        ),
    ),
    (
        ACCESS,
        (
            r"api[-_ ]?key|\bcredits?\b|credentials?\b|billing|balance|quota|payment|subscri(?:be|ption)",
            r"unauthori[sz]ed|authenticat|permission|access denied|security token",
            r"good standing|usage limits?\b|\bbudget has|\bterms\b.{0,20}accept|accept.{0,20}\bterms\b|余额不足|欠费",
            rf"\b(?:organi[sz]ation|account|project)\b{GAP}{{0,40}}(?:verified|disabled|deactivated|suspended|blocked|restricted)",
            r"(?:location|country|region|territory) (?:is )?not",
            r"inference profile|non-serverless|dedicated endpoint|\bunavailable model",
            r"\b(?:unknown|invalid|valid) model\b|\bmodel identifier",
            rf"\b(?:model|deployment)\b{GAP}{{0,80}}(?:not found|not exist|no access|no longer|retired|decommission"
            r"|end of (?:its )?life)",
        ),
    ),
    (
        UNSUPPORTED,
        (
            r"unsupported|(?:not|n't) (?:yet |currently )?support|supported values|only supported",
            r"not (?:available|permitted|implemented|enabled|allowed (?:with|for|when))|\bunavailable",
            r"unrecogni[sz]ed|unknown (?:parameter|argument|field|name|variant)",
            r"extra (?:inputs|fields)|extraneous|unexpected (?:keyword|argument|parameter)",
            r"can only be|may only|cannot (?:be used|be combined|both be)|incompatible|deprecated|requires --",
            r"too (?:large|many)|\bexceeds \d|at most \d+ |maximum allowed|model limit|\brange\b",
            r"input should be (?:less|greater)|must (?:alternate|start with|be (?:\d|one of|set to))",
            r"tools?[.\[]\d[^ ]{0,40} string (?:too long|does not match|should)",
            r"array too long|number of tools|maximum (?:number of )?(?:output|completion) tokens",
            r"max_\w*tokens\b.{0,30}(?:below minimum|expected a value >)",
            r"maximum of \d+ (?:\w+ )?(?:pages|images|files)",
            r"(?:参数|值)(?:超出|必须)|取值范围",
            r"\bthis model\b|multi-?modal|provider returned error|not work with|could not process",
            # what a server makes of the request: its template, its dialect of JSON Schema
            r"\bjinja|chat template|function_declarations\[|following must be satisfied",
            # a conversation that lacks, or holds, what another provider's model made of it
            r"reasoning_content|thought_?signature|\bsignature\b.{0,10}\bthinking|call id was|(?:last|unexpected) role",
            r"thinking`? blocks?\b|last message must|required following item",
        ),
    ),
)
"""Patterns over the beginning of an error's message and body, case ignored; the first kind that is found counts.

Source: the providers' references on errors and the messages of vLLM, SGLang, TGI, llama.cpp, LM Studio, LiteLLM,
OpenRouter, as of November 2026.
"""

LONGEST_MESSAGE = 20_000
"""Characters of an error's message that are looked at."""

ANSWERED = frozenset(
    {
        "ContentFilterFinishReasonError",
        "LengthFinishReasonError",
        "MultipleStructuredOutputsError",
        "OpenAIRefusalError",
        "OutputParserException",
        "StructuredOutputValidationError",
    }
)
"""Names of errors about an answer that could not be read in the requested form."""


def note(error: BaseException, **facts: Any) -> None:
    """Attach facts of a call to its error, as attributes `crossroute_NAME`; some errors accept none.

    >>> error = ValueError("too long")
    >>> note(error, model="small")
    >>> find_note(error, "model"), find_note(error, "handler"), error.crossroute_model
    ('small', None, 'small')
    """
    with suppress(AttributeError):
        for name, fact in facts.items():
            setattr(error, f"crossroute_{name}", fact)


def find_note(error: BaseException, name: str) -> Any:
    """Return a fact attached to an error, or None."""
    return getattr(error, f"crossroute_{name}", None)


def get_attribute(error: BaseException, name: str) -> Any:
    """Return an attribute of an error; None without it, or if the error's own code fails."""
    try:
        return getattr(error, name, None)
    except Exception:
        return None


def message_of(error: BaseException) -> str:
    """Return the beginning of an error's message; empty if the error's own code fails.

    >>> message_of(ValueError("too long"))
    'too long'
    """
    try:
        return str(error)[:LONGEST_MESSAGE]
    except Exception:
        return ""
