"""What the pools of both integrations are told in the same words, and how copies of them behave."""

import asyncio
import copy

import pytest

from crossroute.calls.settings import PoolFields
from tests.support.integrations import DOUBTING, NAMES, Provider


@pytest.mark.parametrize("field", PoolFields.model_fields)
def test_each_field_is_described(router, integration, field):
    own = type(integration(router, Provider()).pool).model_fields[field]
    assert own.description
    assert own.default == PoolFields.model_fields[field].default


def test_a_copy_with_a_misspelt_field_is_refused(router, integration):
    pool = integration(router, Provider()).pool
    with pytest.raises(TypeError, match="cost_preference"):
        pool.model_copy(update={"cost_preferense": 0.2})
    assert pool.model_copy(update={"cost_preference": 0.2}).cost_preference == 0.2


def test_a_deep_copy_shares_models_router_and_spend(router, integration):
    asked = integration(router, Provider())
    asked.ask()
    pool, copied = asked.pool, copy.deepcopy(asked.pool)
    assert copied is not pool
    assert copied.spend.total == pool.spend.total
    assert copied.spend.total.calls == 1
    members, copies = (getattr(one, "models", None) or one.llms for one in (pool, copied))
    assert all(copies[name] is members[name] for name in NAMES)
    assert copied.router is router


def test_a_stream_says_why_it_is_not_escalated(router, integration):
    doubted, plain = (
        asyncio.run(integration(router, Provider(), escalate=escalate).astreamed())
        for escalate in (DOUBTING, None)
    )
    assert "not escalated: the answer is streamed" in doubted.reasons
    assert "escalated" not in str(plain.reasons)
