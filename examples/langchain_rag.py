"""Retrieval: documents are looked up for a question, and the model that the question calls for answers from them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.embeddings import Embeddings
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_offline import stand_ins

from crossroute import load_encoder
from langchain_crossroute import ChatCrossRoute

DOCUMENTS = [
    "Delivery to Norway costs 12 euros and takes four days.",
    "The watch has two years of warranty. The jacket has five.",
    "Shops are open from nine to six.",
]
QUESTIONS = (
    "What does delivery to Norway cost?",
    "Which of the two warranties is longer, by what percentage, and why so?",
)
PROMPT = ChatPromptTemplate.from_template(
    "Answer the question from the context.\n\nContext:\n{context}\n\nQuestion: {question}"
)


class StaticEmbeddings(Embeddings):
    """The encoder that the router reads queries with: token vectors that come with CrossRoute."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text."""
        vectors: list[list[float]] = load_encoder("static").encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Return a question's vector."""
        return self.embed_documents([text])[0]


def quote(messages: Sequence[BaseMessage]) -> AIMessage:
    """Answer as the stand-ins do: with the context."""
    found = re.search(r"Context:\n(.*)\n\nQuestion", str(messages[-1].text), re.DOTALL)
    return AIMessage(found[1] if found else "")


def main() -> None:
    """Ask, and print which model answered from what."""
    store = InMemoryVectorStore.from_texts(DOCUMENTS, StaticEmbeddings())
    retriever = store.as_retriever(search_kwargs={"k": 1})
    # with a key: {"gpt-5-mini": "openai:gpt-5-mini", ...}
    models = stand_ins("gpt-5-mini", "gpt-4o-mini", answer=quote)
    pool = ChatCrossRoute(models=models, router="universal", cost_preference=0.3)
    inputs = {
        "context": retriever | (lambda found: "\n".join(one.page_content for one in found)),
        "question": RunnablePassthrough(),
    }
    answer = inputs | PROMPT | pool
    for question in QUESTIONS:
        said = answer.invoke(question)
        print(question, f"  {said.response_metadata['crossroute']['candidate']}: {said.text}", sep="\n")
    print((answer | StrOutputParser()).invoke("When are the shops open?"))


if __name__ == "__main__":
    main()
