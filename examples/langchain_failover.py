"""Failover: a model that is down is passed over, and left alone for a while."""

from crossroute import Decision
from langchain_crossroute import ChatCrossRoute

from langchain_offline import StandIn

models = {"gpt-5": StandIn(name="gpt-5", down=True), "gpt-4o-mini": StandIn(name="gpt-4o-mini")}

model = ChatCrossRoute(models=models, router="universal", cost_preference=0)  # which would choose gpt-5

for call in ("first", "second"):
    answer = model.invoke("Explain why the determinant of an orthogonal matrix is 1 or -1.")
    decision = Decision.model_validate(answer.response_metadata["crossroute"])
    print(f"{call} call: {answer.text}", *(decision.failures or decision.reasons), sep="\n  ")
