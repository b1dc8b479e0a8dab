"""Wordings: patterns over error messages of providers, gateways and servers, by kind of fault.

Patterns over the beginning of an error's message and body, case ignored; the first kind that is found counts. Sources:
the providers' references on errors and the messages of vLLM, SGLang, TGI, llama.cpp, LM Studio, LiteLLM, OpenRouter,
as of November 2026.
"""

from __future__ import annotations

GAP = r"(?:[^.]|\.(?=\S))"
"""A character within a sentence: names of models hold dots."""

WORDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "overload",
        (
            r"throttling|too many requests|capacity exceeded|at capacity|\boverloaded\b|high demand",
            r"\brate[- _]?limit(?:ed|s? (?:is |was )?(?:reached|exceeded))|\bdegraded\b",
        ),
    ),
    (
        "unsupported",
        (
            r"(?<!\+ )(?<!\+ `)(?<!and )(?<!and `)\bmax_(?:completion_|output_|new_)?tokens\b['`\"]?:? ?"
            r"(?:value|must be|should be|is too|\d+ >)",
            r"tokens per (?:min|day|hour)",
        ),
    ),
    (
        "window",
        (
            r"context[_ ]?(?:length|window|size|limit)",
            r"maximum (?:supported )?(?:context|prompt|input|sequence)\b",
            r"(?:prompt|input|request|conversation|messages?) (?:is|are|was) (?:too (?:long|large)|longer than)",
            r"too many (?:input |prompt )?tokens|longer than the (?:maximum |model)|tokens_limit_reached",
            rf"exceed(?:s|ed)?{GAP}{{0,40}}\btokens?\b",
            r"input tokens exceed|input token count|\binput length|reduce the length",
            rf"(?:input|prompt)s?\b{GAP}{{0,60}}\b(?:tokens?|length)\b{GAP}{{0,60}}(?:<=|less than|at most|exceed)",
            rf"(?:input|prompt)s?\b{GAP}{{0,40}}(?:less than|at most|exceed){GAP}{{0,30}}\btokens?\b",
        ),
    ),
    (
        "content",
        (
            r"content[-_ ](?:filter|polic|management|moderat)|responsible ?ai",
            r"safety (?:system|filter|setting|polic)|\bflagged\b|usage (?:polic|guideline)|guardrail|\bmoderation\b",
            r"policy[-_ ]violation|prohibited[_ ]content|(?:inappropriate|harmful|unsafe|sensitive) content",
            r"content (?:exists risk|violat)|\bsensitive (?:words|information)|敏感|违规|不安全",
        ),
    ),
    (
        "access",
        (
            r"api[-_ ]?key|\bcredits?\b|credentials?\b|billing|balance|quota|payment|subscri(?:be|ption)",
            r"unauthori[sz]ed|authenticat|permission|access denied|security token",
            r"good standing|usage limits?\b|\bbudget has|\bterms\b.{0,20}accept|accept.{0,20}\bterms\b|余额不足|欠费",
            rf"\b(?:organi[sz]ation|account|project)\b{GAP}{{0,40}}(?:verified|disabled|deactivated|suspended|blocked)",
            r"(?:location|country|region|territory) (?:is )?not",
            r"inference profile|\b(?:unknown|invalid|valid) model\b|\bmodel identifier",
            rf"\b(?:model|deployment)\b{GAP}{{0,80}}(?:not found|not exist|no access|no longer|retired|decommission"
            r"|end of (?:its )?life)",
        ),
    ),
    (
        "unsupported",
        (
            r"unsupported|(?:not|n't) (?:yet |currently )?support|supported values|only supported",
            r"not (?:available|permitted|implemented|enabled|allowed (?:with|for|when))|\bunavailable",
            r"unrecogni[sz]ed|unknown (?:parameter|argument|field|name|variant)",
            r"extra (?:inputs|fields)|extraneous|unexpected (?:keyword|argument|parameter)",
            r"can only be|may only|cannot (?:be used|be combined|both be)|incompatible|deprecated|requires --",
            r"too (?:large|many)|\bexceeds \d|at most \d+ |maximum allowed|model limit|\brange\b",
            r"input should be (?:less|greater)|must (?:alternate|start with|be (?:\d|one of|set to))",
            r"tools?[.\[]\d[^ ]{0,40} string (?:too long|does not match|should)",
            r"\bthis model\b|multi-?modal|provider returned error",
            # a conversation that lacks, or holds, what another provider's model made of it
            r"reasoning_content|thought_?signature|\bsignature\b.{0,10}\bthinking|call id was|(?:last|unexpected) role",
        ),
    ),
)
