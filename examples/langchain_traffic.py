"""A router learns from traffic: a grader finds one model's answers wrong, and the router changes its mind.

Two stand-ins multiply. The cheap one cannot, which the router does not know until its answers were graded.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_offline import StandIn

from crossroute import Router
from crossroute.traffic import TrafficLog
from crossroute.traffic.learning import learn_from_log
from crossroute.traffic.logged import read_logged
from crossroute.traffic.report import build_report
from langchain_crossroute import ChatCrossRoute

CALLS = 60
DIAL: RunnableConfig = {"configurable": {"cost_preference": 0.8}}


def product(text: str) -> int:
    """Return what the two numbers of a question make."""
    first, second = map(int, re.findall(r"\d+", text))
    return first * second


def right(messages: Sequence[BaseMessage]) -> AIMessage:
    """Answer as a model that can multiply."""
    return AIMessage(str(product(str(messages[-1].text))))


def wrong(messages: Sequence[BaseMessage]) -> AIMessage:
    """Answer as one that cannot."""
    return AIMessage(str(product(str(messages[-1].text)) + 10))


def ask(pool: ChatCrossRoute, log: TrafficLog, begin: int) -> Counter[str]:
    """Ask some questions, grade the answers, and return how often each model answered."""
    chosen: Counter[str] = Counter()
    for number in range(begin, begin + CALLS):
        question = f"What is {number} * {number + 7}?"
        answer = pool.invoke(question, config=DIAL)
        told = answer.response_metadata["crossroute"]
        chosen[told["candidate"]] += 1
        log.feedback(
            told["decision_id"], str(answer.text) == str(product(question)), scale="thumbs", source="grader"
        )
    return chosen


def main() -> None:
    """Ask, learn, ask again."""
    models = {
        "gpt-4o-mini": StandIn(name="gpt-4o-mini", answer=wrong),
        "gpt-4o": StandIn(name="gpt-4o", answer=right),
    }
    with tempfile.TemporaryDirectory() as folder:
        log = TrafficLog(Path(folder) / "traffic.db")
        pool = ChatCrossRoute(models=models, traffic=log)
        print("Before:", *(f"{name} {count}" for name, count in sorted(ask(pool, log, 10).items())))
        logged = read_logged(log)
        for row in build_report(logged).rows:
            print(f"{row.candidate}: quality {row.observed:.2f}, predicted {row.predicted:.2f}")
            print(f"  drift: {', '.join(row.drift) or 'none'}")
        learnt = learn_from_log(Router.from_pretrained("universal"), logged)
        pool = ChatCrossRoute(models=models, router=learnt, traffic=log)
        print("After:", *(f"{name} {count}" for name, count in sorted(ask(pool, log, 100).items())))
        log.close()


if __name__ == "__main__":
    main()
