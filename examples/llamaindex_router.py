"""A RouterQueryEngine: each question goes to the query engine whose model answers it best for its cost."""

from llama_index.core import Document, SummaryIndex
from llama_index.core.llms import LLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.tools import QueryEngineTool
from llamaindex_crossroute import CrossRouteSelector

# with keys: llms = {name: OpenAI(model=name) for name in ("gpt-3.5-turbo-1106", "gpt-4-1106-preview")}
llms: dict[str, LLM] = {
    name: MockFunctionCallingLLM(is_chat_model=True) for name in ("gpt-3.5-turbo-1106", "gpt-4-1106-preview")
}

index = SummaryIndex.from_documents([Document(text="There are infinitely many primes.")])
tools = [
    QueryEngineTool.from_defaults(index.as_query_engine(llm=llm), name=name, description=f"Asks {name}.")
    for name, llm in llms.items()
]
selector = CrossRouteSelector("routerbench", cost_preference=0.5)
engine = RouterQueryEngine(selector, tools, llm=next(iter(llms.values())))

for question in ("Where do foxes live?", "Prove that there are infinitely many primes of the form 4k + 3."):
    response = engine.query(question)
    print(question, "->", (response.metadata or {})["selector_result"].reason)
