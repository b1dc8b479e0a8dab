"""Dispatch: choose the model for a call, prepare its attempts, and count what they cost."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from crossroute.calls.attempts import Attempts
from crossroute.calls.background import OffLoop, ShadowCalls, switch_to_shadow
from crossroute.calls.escalation.loop import EscalationLoop
from crossroute.calls.escalation.plan import EscalationPlan
from crossroute.calls.hooks import Observer, Pacer
from crossroute.calls.ledger import Ledger
from crossroute.calls.memory import Memory
from crossroute.calls.settings import MAX_ATTEMPTS, CallSettings
from crossroute.calls.steps import Beside, Steps
from crossroute.calls.tracing import make_tracers
from crossroute.calls.unpredicted import DialSetting, Unpredicted, explain_tool_turn
from crossroute.candidate import Capability, Price
from crossroute.catalogue import add_rates
from crossroute.decision import Decision, format_usd
from crossroute.errors import NoEligibleCandidateError
from crossroute.escalation import Escalation
from crossroute.query import Query
from crossroute.routing.dial import MOST_TO_PAY
from crossroute.routing.exploration import Exploration, Explorer
from crossroute.routing.members import Ability, make_unprofiled, router_over
from crossroute.routing.policy import Constraints, cache_saving
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router

T = TypeVar("T")

DEFAULT_SETTINGS = CallSettings()
UNCONSTRAINED = Constraints()
ORDINARY = Query.of_call("Answer the question with the help of the documents below.")


class Dispatcher:
    """Decides a pool's calls, prepares their attempts, and keeps the state between them: cooldowns, spend, tool turns.

    Safe to share between threads and asyncio tasks. `decide` computes for up to some milliseconds, so asynchronous
    integrations call it through `off_loop`.

    Args:
        router: A router, or the name or folder of one.
        members: Name, or alias, of each model -> its abilities.
        default: The model for calls without text, instead of the best on average; may be unknown to the router. A
            default unknown to the router also gets calls that no other model can handle, and those that all
            others failed. A call without text that the default cannot handle goes to the first model that can.
        sticky: Finish a tool turn with the candidate that began it, and count the saving of its prompt cache.
        max_attempts: Most attempts per call.
        past_filters: Whether to call another model after a content filter withheld an answer, instead of raising it.
        memory: State shared with other dispatchers; by default the dispatcher's own.
        observers: Notified when a call begins and when a candidate's call ends.
        pacer: Sets the willingness to pay, and follows the spending.
        exploration: Settings of exploration, or a share of the choices; by default none.
        shadow: Call this model always, and report which one would have been chosen.
        shadow_share: Share of the calls for which that one is called as well, in the background.

    Raises:
        UnprofiledCandidateError: The router has no profile of a model.
        ValueError: See `router_over`; or there is a shadow_share without a shadow.
    """

    def __init__(
        self,
        router: Router | str | Path,
        members: Mapping[str, Ability],
        *,
        default: str | None = None,
        sticky: bool = True,
        max_attempts: int = MAX_ATTEMPTS,
        past_filters: bool = False,
        memory: Memory | None = None,
        observers: Iterable[Observer] = (),
        pacer: Pacer | None = None,
        exploration: Exploration | float | None = None,
        shadow: str | None = None,
        shadow_share: float = 0.0,
    ) -> None:
        if shadow_share and shadow is None:
            raise ValueError(
                f"shadow_share={shadow_share:g} needs shadow='NAME', the model that is always called: without one, the "
                "choice itself is called."
            )
        self.shadow_calls = ShadowCalls(shadow_share)
        self.members = dict(members)
        made = router_over(router, self.members, default=default)
        pacer = pacer or made.spending
        self.default = default
        self.sticky = sticky
        self.max_attempts, self.past_filters = max_attempts, past_filters
        self.memory = memory or Memory()
        self.cooldowns, self.spend = self.memory.cooldowns, self.memory.spend
        observers = (
            *observers,
            *make_tracers({name: ability.provider for name, ability in self.members.items()}),
        )
        self.ledger = Ledger(
            self.spend, self.price, observers=observers, pacer=pacer, past_filters=past_filters
        )
        settings = Exploration.of(exploration)
        self._explorer = None if settings is None else Explorer(settings)
        self.off_loop = OffLoop(waits=pacer is not None)
        self._decide_by(made)
        self.shadow = None if shadow is None else self.named(shadow)

    def take_over(self, router: Router | str | Path) -> None:
        """Decide by another router over the same members from now on; calls under way are not affected.

        Raises:
            UnprofiledCandidateError: The router has no profile of a model.
        """
        self._decide_by(router_over(router, self.members, default=self.default))

    def _decide_by(self, router: Router) -> None:
        self.router = router.without_budgets()
        self._unprofiled = {
            name: ability.stated_on(make_unprofiled(name, ability.model), name)
            for name, ability in self.members.items()
            if name not in self.router.pool
        }
        models = (*self.router.pool, *self._unprofiled.values())
        self._windows = {model.name: model.context_window for model in models if model.context_window}
        self._unpredicted = Unpredicted(
            self.router,
            self._unprofiled,
            self.default,
            untold={name: ability.untold for name, ability in self.members.items()},
        )
        self._prices: dict[str, Price | None] = {}  # filled by `price`

    def decide(
        self,
        query: Query | None,
        settings: CallSettings = DEFAULT_SETTINGS,
        *,
        needs: Iterable[Capability] = (),
        current: str | None = None,
        tool_turn: bool = False,
        alone: bool | str = False,
    ) -> Decision:
        """Choose the model for one call.

        Args:
            query: The query to route on; None if the call has no text.
            settings: How to decide. The decision's `max_calls` is above 1 if they allow escalation and there is
                a candidate to escalate to; never in a tool turn, for a named candidate or a call without text.
            needs: Capabilities that the call needs in addition to those in the constraints.
            current: The candidate that has answered this conversation so far; ignored if it is not a member.
            tool_turn: Whether the call answers tool results requested by `current`.
            alone: Whether not to escalate, whatever the settings; a str is a reason that is added to the decision's.

        Raises:
            NoEligibleCandidateError: No candidate satisfies constraints and needs.
            UnknownCandidateError: The settings' candidate, or a name in the constraints, is unknown.
            BudgetSpentError: A budget that refuses calls has too little left.
            FloorError: The router's floor does not hold for an escalation with these settings.
        """
        choose = partial(
            self._decide,
            query,
            settings,
            needs=needs,
            current=current,
            tool_turn=tool_turn,
            escalates=not alone,
        )
        decision = self._choose_paced(settings, choose)
        if self.shadow is not None and settings.candidate is None:
            decision = switch_to_shadow(decision, self.shadow)
        if isinstance(alone, str) and alone and settings.escalate is not None:
            decision = decision.because(f"not escalated: {alone}")
        self.ledger.asked(decision, query, self.router)
        return decision

    def _choose_paced(self, settings: CallSettings, choose: Callable[[DialSetting], Decision]) -> Decision:
        """Return the choice at the dial of the settings, or of the pacer."""

        def route(pay: float | None) -> Decision:
            return choose(self._dial(settings, pay))

        if self.ledger.pacer is None:
            return route(None)
        preference, pay = settings.cost_preference, settings.willingness_to_pay
        usual = pay or self.router.dial.at(DEFAULT_COST_PREFERENCE if preference is None else preference)
        asked = None if preference is None and pay is None else usual
        return self.ledger.pacer.decide(route, usual=usual, asked=asked, keys=settings.budget_keys)

    def _decide(
        self,
        query: Query | None,
        settings: CallSettings,
        dial: DialSetting,
        *,
        needs: Iterable[Capability] = (),
        current: str | None = None,
        tool_turn: bool = False,
        escalates: bool = True,
    ) -> Decision:
        constraints = self._constraints(settings, needs)
        stuck = self.named(current) if self.sticky and current and self._unpredicted.knows(current) else None
        if settings.candidate is not None:
            return self._unpredicted.forced(query, settings.candidate, dial)
        if query is None:
            return self._unpredicted.by_default(stuck if tool_turn else None, constraints, dial)
        tokens = query.whole_tokens
        if tool_turn and stuck in self._unprofiled:
            reasons, free = {stuck: explain_tool_turn(stuck)}, constraints.without_limits
            finished = self._unpredicted.first_of(reasons, free, dial, tokens)
            if finished is not None:
                return finished
        known = stuck if stuck is not None and stuck in self.router.pool else None
        limits = None if constraints is UNCONSTRAINED else self._unpredicted.profiled(constraints)
        try:
            decision = self.router.route(query, constraints=limits, current=known, **dial)
        except NoEligibleCandidateError:
            left = self._unpredicted.by_elimination(constraints, dial, tokens)
            left = left or self._unpredicted.by_trial(query, constraints, dial)
            if left is None:
                raise
            return left
        if self._explorer is not None and self.shadow is None and not tool_turn:
            decision = self._explorer.explored(decision)
        decision = self._keep_tool_turn(decision, query, known, tool_turn)
        if settings.escalate is not None and not tool_turn and escalates:
            decision = self._plan(decision, settings.escalate).begin()
        return self._unpredicted.beside(decision, constraints, tokens) if self._unprofiled else decision

    def _constraints(self, settings: CallSettings, needs: Iterable[Capability]) -> Constraints:
        """Return the settings' constraints plus the call's needs, with the candidates' names."""
        constraints = settings.constraints or UNCONSTRAINED
        needed = constraints.capabilities.union(needs)
        if needed != constraints.capabilities:
            constraints = constraints.model_copy(update={"capabilities": needed})
        return constraints if constraints is UNCONSTRAINED else constraints.named_in(self._unpredicted.models)

    def usual(self, settings: CallSettings = DEFAULT_SETTINGS) -> str:
        """Return the model for an ordinary call, without making one or notifying observers."""
        if self.shadow is not None:
            return self.shadow
        try:
            dial = self._dial(settings, None)
            # as in a tool turn, in which nothing is tried out
            return self._decide(ORDINARY, settings, dial, tool_turn=True).candidate
        except NoEligibleCandidateError:
            return self._unpredicted.best

    def named(self, name: str) -> str:
        """Return the name of the model that a name, an alias, or another spelling of either means."""
        return self._unpredicted.named(name)

    def among(self, names: Iterable[str], constraints: Constraints | None) -> Constraints:
        """Return the constraints, narrowed to these models, by name or alias."""
        return self._unpredicted.among(names, constraints)

    def attempts(self, decision: Decision) -> Attempts:
        """Return the attempts of a decided call, and notify observers that it begins.

        The candidate of a tool turn is called first even while it cools down.
        """
        attempts = self._attempts(decision)
        self.ledger.decided(attempts.decision)
        return attempts

    def steps(self, decision: Decision, asking: Callable[..., Steps[T]]) -> Steps[T]:
        """Return the steps of a decided call without escalation.

        Args:
            decision: The decision.
            asking: (decision, whether its answer is returned: `final`) -> the steps to that answer.
        """
        yield from self.beside(decision, asking)
        return (yield from self.attempts(decision).steps(asking))

    def beside(self, decision: Decision, asking: Callable[..., Steps[Any]]) -> Steps[None]:
        """Return the step that, for a share of the calls, also calls the model that shadow mode replaced."""
        if self.shadow_calls.share and (drawn := self.shadow_calls.draw(decision)) is not None:
            yield Beside(asking(drawn, final=False), self.shadow_calls)

    def escalated(
        self, decision: Decision, query: Query, escalation: Escalation, askable: Container[str] = ()
    ) -> EscalationLoop[Any]:
        """Return the escalation loop of a decision that allows more than one call.

        Args:
            decision: The decision.
            query: The query.
            escalation: The settings' escalation.
            askable: Candidates to request log-probabilities from: supported by their API, and not set by the user.
        """
        predicted = self.router.predictor.predict([query])[0]
        written = (predicted.tokens - predicted.read).tolist()
        return EscalationLoop(
            decision,
            query.text,
            escalation,
            self._plan(decision, escalation),
            attempts=self._attempts(decision),
            ledger=self.ledger,
            logprobs=self.memory.logprobs,
            askable=askable,
            expected_tokens=dict(zip(self.router.pool.names, written, strict=True)),
            encoder=self.router.predictor.query_encoder.encoder,
        )

    def price(self, candidate: str) -> Price | None:
        """Return a model's price, or None."""
        if candidate not in self._prices:
            model = self._unprofiled.get(candidate) or self.router.pool[candidate]
            self._prices[candidate] = add_rates(model.price)
        return self._prices[candidate]

    def _attempts(self, decision: Decision) -> Attempts:
        finishes = bool(decision.reasons) and explain_tool_turn(decision.candidate) in decision.reasons
        return Attempts(
            decision,
            self.cooldowns,
            max_attempts=self.max_attempts,
            insist=finishes,
            windows=self._windows,
            past_filters=self.past_filters,
        )

    @staticmethod
    def _dial(settings: CallSettings, paced: float | None) -> DialSetting:
        """Return the dial of the settings, or the pacer's willingness to pay in its place."""
        if paced is not None:
            return DialSetting(cost_preference=None, willingness_to_pay=min(paced, MOST_TO_PAY))
        return DialSetting(
            cost_preference=settings.cost_preference, willingness_to_pay=settings.willingness_to_pay
        )

    def _keep_tool_turn(
        self, decision: Decision, query: Query, current: str | None, tool_turn: bool
    ) -> Decision:
        """Return the decision for the candidate that began the tool turn, or else with the savings of staying."""
        if current is None or current not in decision.eligible:
            return decision
        if tool_turn:
            return decision.switched(current, explain_tool_turn(current))
        saving = cache_saving(self.router.pool[current], query)
        if decision.candidate == current and saving:
            return decision.because(f"stayed with {current}: its prompt cache saves {format_usd(saving)}")
        return decision

    def _plan(self, decision: Decision, escalation: Escalation) -> EscalationPlan:
        return EscalationPlan(
            decision, tuple(self.router.pool), self.router.verifier, escalation, self.memory.logprobs.silent
        )
