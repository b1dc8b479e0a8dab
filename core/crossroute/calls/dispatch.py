"""What a guest asks: which of its models is called, who when that one fails, and what the call took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crossroute.calls.attempts import MAX_ATTEMPTS, Attempts
from crossroute.calls.escalated import Escalated
from crossroute.calls.escalation_plan import EscalationPlan
from crossroute.calls.members import Ability, router_over, unprofiled
from crossroute.calls.memory import Memory
from crossroute.calls.spend import Usage
from crossroute.calls.unforeseen import Setting, Unforeseen, alternative
from crossroute.candidate import Capability, Price
from crossroute.decision import Decision, usd
from crossroute.errors import NoEligibleCandidateError, UnknownCandidateError, UnroutableError
from crossroute.escalation import Escalation
from crossroute.query import Query
from crossroute.routing.policy import Constraints, cache_saving
from crossroute.routing.router import Router


class Dispatcher:
    """A router over a guest's models, with what is remembered between calls: cooldowns, spend, tool turns.

    Safe to share between threads and asyncio tasks. `decide` computes (a fraction of a millisecond to some
    milliseconds): asynchronous guests call it in a thread.

    Args:
        router: A router, or the name or folder of one.
        members: Name, or alias, of each model -> what it can do.
        default: The model for calls that cannot be routed; the router need not know it. Where it does not,
            it is also called after all others failed, and where none of them has what a call needs. A call
            without text that it cannot take goes to the first that can.
        sticky: Finish a tool turn with the candidate that began it, and count what its prompt cache saves.
        max_attempts: At most, a call.
        memory: What is remembered; by default the dispatcher's own.

    Raises:
        UnprofiledCandidateError: The router has no profile of a model.
        ValueError: See `router_over`.
    """

    def __init__(
        self,
        router: Router | str | Path,
        members: Mapping[str, Ability],
        *,
        default: str | None = None,
        sticky: bool = True,
        max_attempts: int = MAX_ATTEMPTS,
        memory: Memory | None = None,
    ) -> None:
        self.router = router_over(router, members, default=default)
        self.default = default
        self.sticky = sticky
        self.max_attempts = max_attempts
        memory = memory or Memory()
        self.cooldowns, self.spend = memory.cooldowns, memory.spend
        self.began, self.beginner, self.heard = memory.began, memory.beginner, memory.heard
        self._memory = memory
        self._unprofiled = {
            name: members[name].stated_on(unprofiled(name), name)
            for name in members
            if name not in self.router.pool
        }
        self._unforeseen = Unforeseen(self.router, self._unprofiled)

    def decide(
        self,
        query: Query | None,
        *,
        needs: Iterable[Capability] = (),
        constraints: Constraints | None = None,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        candidate: str | None = None,
        current: str | None = None,
        tool_turn: bool = False,
        escalation: Escalation | None = None,
    ) -> Decision:
        """Choose the model for one call.

        Args:
            query: What to route on; None where the call holds no text.
            needs: Capabilities that the call needs, beside those of the constraints.
            constraints: What the candidate must satisfy; limits on its cost and quality hold where the call has
                text, by which these are foreseen.
            cost_preference: The dial in [0, 1]; 0.5 by default.
            willingness_to_pay: USD, in place of the dial.
            candidate: Take this one, whatever the rest says, and no other if it fails.
            current: Who answered this conversation so far; a name that is no member is ignored.
            tool_turn: The call answers tool results that `current` asked for.
            escalation: Allows further calls after the first answer, see `escalated`. The decision's
                `max_calls` is 1 where there is nobody to escalate to, and where a tool turn, a named
                candidate or a call without text forbids it.

        Raises:
            NoEligibleCandidateError: No candidate satisfies constraints and needs.
            UnknownCandidateError: `candidate`, or a name in the constraints, is not known.
            UnroutableError: There is no text and no default.
        """
        constraints = constraints or Constraints()
        wanted = {"capabilities": constraints.capabilities | frozenset(needs)}
        constraints = constraints.model_copy(update=wanted)
        for name in constraints.deny | (constraints.allow or frozenset()):
            self.named(name)  # refuses a misspelt one
        setting = Setting(cost_preference, willingness_to_pay)
        stuck = self.named(current) if self.sticky and current and self._knows(current) else None
        if candidate is not None:
            return self._forced(query, candidate, setting)
        if query is None:
            return self._by_default(stuck if tool_turn else None, constraints, setting)
        if tool_turn and stuck in self._unprofiled:
            reasons = {stuck: _tool_turn(stuck)}
            free = constraints.without_limits
            finished = self._unforeseen.first_of(reasons, free, setting, _tokens(query))
            if finished is not None:
                return finished
        known = stuck if stuck in self.router.pool else None
        try:
            decision = self.router.route(
                query, constraints=self._profiled(constraints), current=known, **setting._asdict()
            )
        except NoEligibleCandidateError:
            left = self._by_elimination(query, constraints, setting)
            if left is None:
                raise
            return left
        decision = self._stuck(decision, query, known, tool_turn)
        if escalation is not None and not tool_turn:
            decision = self._begun(decision, escalation)
        return self._with_unprofiled(decision, query, constraints)

    def named(self, name: str) -> str:
        """Return the name of the model that a name, or an alias, means.

        Raises:
            UnknownCandidateError: None of the models.
        """
        if not self._knows(name):
            raise UnknownCandidateError(name, (*self.router.pool.names, *self._unprofiled))
        return name if name in self._unprofiled else self.router.pool[name].name

    def among(self, names: Iterable[str], constraints: Constraints | None) -> Constraints:
        """Return the constraints, narrowed to these models, by name or alias.

        Raises:
            UnknownCandidateError: A name is not known.
        """
        constraints = constraints or Constraints()
        allow = frozenset(map(self.named, names))
        if constraints.allow is not None:
            allow &= frozenset(map(self.named, constraints.allow))
        return constraints.model_copy(update={"allow": allow})

    def attempts(self, decision: Decision) -> Attempts:
        """Return the attempts of a decided call; who finishes a tool turn is called first even while it cools down."""
        finishes = _tool_turn(decision.candidate) in decision.reasons
        return Attempts(decision, self.cooldowns, max_attempts=self.max_attempts, insist=finishes)

    def escalated(self, decision: Decision, query: Query, escalation: Escalation) -> Escalated[Any]:
        """Return the calls of a query whose decision allows more than one."""
        foresight = self.router.predictor.foresee([query])[0]
        written = (foresight.tokens - query.text_tokens - query.context_tokens).tolist()
        return Escalated(
            decision,
            query.text,
            escalation,
            self._plan(decision, escalation),
            self,
            expected_tokens=dict(zip(self.router.pool.names, written, strict=True)),
            encoder=self.router.predictor.query_encoder.encoder,
        )

    def count(self, candidate: str, usage: Usage | None, *, cost: float | None = None) -> float | None:
        """Count an answered call at its price, or at its cost where that is given; return USD."""
        if cost is not None:
            return self.spend.charge(candidate, cost, usage)
        return self.spend.add(candidate, usage, self.price(candidate))

    def answered(self, decision: Decision, usage: Usage | None, *, cost: float | None = None) -> Decision:
        """Count an answered call, at its cost where that is given, and return its decision with the actual cost."""
        actual = self.count(decision.candidate, usage, cost=cost)
        return decision.model_copy(update={"actual_cost": actual})

    def price(self, candidate: str) -> Price | None:
        """Return what a model charges, as far as it is known."""
        return (self._unprofiled.get(candidate) or self.router.pool[candidate]).price

    def _knows(self, name: str | None) -> bool:
        return name in self._unprofiled or name in self.router.pool

    def _forced(self, query: Query | None, name: str, setting: Setting) -> Decision:
        name = self.named(name)
        reason = f"{name} was asked for"
        only = Constraints(allow=frozenset({name}))
        if query is None or name in self._unprofiled:
            return self._unforeseen.decide(name, reason, only, setting)
        return self.router.route(query, constraints=only, **setting._asdict()).because(reason)

    def _profiled(self, constraints: Constraints) -> Constraints:
        """Return the constraints without the names that the router does not know."""
        strangers = self._unprofiled.keys()
        if not strangers:
            return constraints
        allow = None if constraints.allow is None else constraints.allow - strangers
        return constraints.model_copy(update={"allow": allow, "deny": constraints.deny - strangers})

    def _by_default(self, stuck: str | None, constraints: Constraints, setting: Setting) -> Decision:
        """Return the decision for a call without text: who finishes the turn, the default, or who can take it."""
        wanted = {} if stuck is None else {stuck: _tool_turn(stuck)}
        if self.default is not None:
            wanted.setdefault(self.default, "default: no text")
        if not wanted:
            raise UnroutableError
        free = constraints.without_limits
        decision = self._unforeseen.first_of(wanted, free, setting)
        return decision or self._unforeseen.in_place_of(list(wanted)[-1], free, setting)

    def _by_elimination(self, query: Query, constraints: Constraints, setting: Setting) -> Decision | None:
        """Return the decision for the default that the router does not know, where it alone can take a call."""
        reasons = dict.fromkeys(self._unprofiled, "default: no other can take the call")
        return self._unforeseen.first_of(reasons, constraints, setting, _tokens(query))

    def _stuck(self, decision: Decision, query: Query, current: str | None, tool_turn: bool) -> Decision:
        """Return the decision for the candidate that began the tool turn, or say what staying saves."""
        if current is None or current not in decision.eligible:
            return decision
        if tool_turn:
            return decision.switched(current, _tool_turn(current))
        saving = cache_saving(self.router.pool[current], query)
        if decision.candidate == current and saving:
            return decision.because(f"stayed with {current}: its prompt cache saves {usd(saving)}")
        return decision

    def _plan(self, decision: Decision, escalation: Escalation) -> EscalationPlan:
        return EscalationPlan(
            decision, tuple(self.router.pool), self.router.verifier, escalation, self._memory.silent
        )

    def _begun(self, decision: Decision, escalation: Escalation) -> Decision:
        """Return the decision for who is best to begin with, where another may be called after it."""
        plan = self._plan(decision, escalation)
        calls = min(escalation.max_calls, len(plan))
        if calls < 2:
            return decision
        first = plan.first()
        if first != decision.candidate:
            decision = decision.switched(first, f"{first} first: its answer may do")
        return decision.model_copy(update={"max_calls": calls})

    def _with_unprofiled(self, decision: Decision, query: Query, constraints: Constraints) -> Decision:
        if not self._unprofiled:
            return decision
        added = tuple(alternative(model, constraints, _tokens(query)) for model in self._unprofiled.values())
        return decision.model_copy(update={"alternatives": decision.alternatives + added})


def _tool_turn(name: str) -> str:
    """Return the reason for who finishes a tool turn."""
    return f"stuck to {name}: tool turn"


def _tokens(query: Query) -> int:
    return query.text_tokens + query.context_tokens
