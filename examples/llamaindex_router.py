"""A RouterQueryEngine: each question goes to the query engine whose model answers it best for its cost."""

from llama_index.core import Document, SummaryIndex
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.tools import QueryEngineTool
from llamaindex_crossroute import CrossRouteSelector

from llamaindex_offline import stand_ins

llms = stand_ins("gpt-5", "gpt-4o-mini")  # with a key: {"gpt-5": OpenAI(model="gpt-5"), ...}

index = SummaryIndex.from_documents(
    [
        Document(text="Delivery to Norway costs 12 euros and takes four days."),
        Document(text="The warranty of the watch is two years. The warranty of the jacket is five."),
    ]
)
tools = [
    QueryEngineTool.from_defaults(index.as_query_engine(llm=llm), name=name, description=f"Asks {name}.")
    for name, llm in llms.items()
]
engine = RouterQueryEngine(CrossRouteSelector("universal"), tools, llm=llms["gpt-4o-mini"])

for question in (
    "What does delivery to Norway cost?",
    "Compare the warranty of the watch with that of the jacket.",
):
    response = engine.query(question)
    selected = (response.metadata or {})["selector_result"]
    print(question, f"  {selected.reason}", f"  {response}", sep="\n")
