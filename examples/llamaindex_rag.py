"""A RAG query engine: each question goes to the model that it calls for.

llamaindex_rag.ipynb shows more, and explains it.
"""

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index_instrumentation import get_dispatcher
from llamaindex_crossroute import CrossRouteLLM, CrossRouteSpendReport

from llamaindex_offline import StaticEmbedding, stand_ins

llms = stand_ins("gpt-5", "gpt-4o-mini")  # with a key: {"gpt-5": OpenAI(model="gpt-5"), ...}

report = CrossRouteSpendReport()
get_dispatcher().add_event_handler(report)
Settings.llm = CrossRouteLLM(llms=llms, router="universal")
Settings.embed_model = StaticEmbedding()

documents = [
    Document(text="Delivery to Norway costs 12 euros and takes four days."),
    Document(text="The warranty of the watch is two years. The warranty of the jacket is five."),
]
engine = VectorStoreIndex.from_documents(documents).as_query_engine(similarity_top_k=1)
for question in (
    "What does delivery to Norway cost?",
    "Compare the warranty of the watch with that of the jacket.",
):
    print(question, f"  {engine.query(question)}", sep="\n")
print(report)
