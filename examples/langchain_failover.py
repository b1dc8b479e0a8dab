"""Failover: a model that is down is passed over, and left alone for a while."""

from langchain_crossroute import ChatCrossRoute

import offline

models = {**offline.models(), "large": offline.PretendModel(name="large", down=True)}  # or two real models

model = ChatCrossRoute(models=models, router=offline.router())
question = "What is 12 plus 30, and what is their product minus 12?"

for _ in range(2):
    decision = model.invoke(question).response_metadata["crossroute"]
    failures = [f"{failure['candidate']} failed with {failure['error']}" for failure in decision["failures"]]
    print(decision["candidate"], "answers;", *failures, *decision["reasons"])
