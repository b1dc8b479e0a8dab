"""A RAG query engine: each question goes to the model that it calls for."""

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import LLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index_instrumentation import get_dispatcher
from llamaindex_crossroute import CrossRouteLLM, CrossRouteSpendReport

# with keys: llms = {name: OpenAI(model=name) for name in ("gpt-3.5-turbo-1106", "gpt-4-1106-preview")}
llms: dict[str, LLM] = {
    name: MockFunctionCallingLLM(is_chat_model=True) for name in ("gpt-3.5-turbo-1106", "gpt-4-1106-preview")
}

report = CrossRouteSpendReport()
get_dispatcher().add_event_handler(report)
Settings.llm = CrossRouteLLM(llms=llms, router="routerbench", cost_preference=0.5)
Settings.embed_model = MockEmbedding(embed_dim=8)

documents = [Document(text="There are infinitely many primes."), Document(text="Foxes live in dens.")]
engine = VectorStoreIndex.from_documents(documents).as_query_engine()
for question in ("Where do foxes live?", "Prove that there are infinitely many primes of the form 4k + 3."):
    engine.query(question)
print(report)
