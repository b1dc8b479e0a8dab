# ruff: noqa: RUF001 - letters and punctuation of other languages

import pytest

from crossroute import Query
from crossroute.reading.question import find_question

QUESTIONS = ["Who is responsible for payment?", "Summarise the main point in one sentence.", "谁负责付款?"]
CLAUSE = "The Lessee shall indemnify the Lessor under Clause {}, save where gross negligence is shown. "
LEASE = "".join(CLAUSE.format(number) for number in range(25))
LOG = "\n".join(f"2026-05-0{n % 9} ERROR worker-{n} waits for queue {n * 7}" for n in range(60))
CODE = "\n".join(f"def f{n}(x):\n    return x + {n}" for n in range(60))

PROMPTS = {
    "llama-index": "Context information is below.\n---------------------\n{context}\n---------------------\nGiven "
    "the context information and not prior knowledge, answer the query.\nQuery: {question}\nAnswer: ",
    "langchain": "Use the following pieces of context to answer the question at the end. If you don't know the "
    "answer, just say that you don't know.\n\n{context}\n\nQuestion: {question}\nHelpful Answer:",
    "question before context": "You are an assistant for question-answering tasks. Use the retrieved context.\n"
    "Question: {question} \nContext: {context} \nAnswer:",
    "tags": "<context>\n{context}\n</context>\n\n<question>\n{question}\n</question>",
    "tags of documents": '<documents>\n<document index="1">{context}</document>\n</documents>\n\n{question}',
    "user query": "<attached_files>\n{context}\n</attached_files>\n<user_query>\n{question}\n</user_query>",
    "labels": "Context:\n{context}\n\nQ: {question}",
    "markdown": "### Context\n\n{context}\n\n### Question:\n{question}",
    "fence": "{question}\n\n```\n{context}\n```",
    "rulers": '"""\n{context}\n"""\n\nQuestion: {question}',
    "german": "Beantworte die Frage anhand des Kontexts.\n\nKontext: {context}\n\nFrage: {question}",
    "spanish": "Usa el contexto para responder.\n\nContexto:\n{context}\n\nPregunta: {question}",
    "chinese": "根据以下上下文回答问题。\n\n上下文:\n{context}\n\n问题:{question}",
    "japanese": "次の文脈を使って質問に答えてください。\n\n文脈:\n{context}\n\n質問:{question}",
    "heads in words": "I have some material for you. Here is the material you should use to answer:\n\n{context}\n\n"
    "Now answer the following question:\n\n{question}\n\nSay that you don't know if the answer isn't there.",
    "a query with an answer to refine": "The user's original question is as follows: {question}\nWe have an existing "
    "answer: It is on the board.\nMore context is given below.\n------------\n{context}\n------------\n"
    "Given the new context, refine the original answer. If it isn't useful, return the original answer.\nNew answer: ",
    "names among signs": "[[ ## passages ## ]]\n{context}\n\n[[ ## query ## ]]\n{question}\n\nOnly the answer.",
    "begin and end": "===== BEGIN TEXT =====\n{context}\n===== END TEXT =====\n\n{question}",
    "a ruler": "{context}\n\n***\n{question}",
    "named blocks": '<part name="text">\n{context}\n</part>\n<part name="question">\n{question}\n</part>',
    "a query after history": "Rephrase the follow up question as a standalone question.\n\nChat History:\n"
    "Human: What is a lease?\nAssistant: A contract.\n{context}\n\nFollow Up Input: {question}\nStandalone question:",
    "a tag of two words": "<EARLIER TALK>\n{context}\n</EARLIER TALK>\n\n{question}",
    "portuguese": "Use apenas o texto para responder. Se não sabe, diga.\n\nTrecho:\n{context}\n\nPergunta: {question}",
    "russian": "Используй текст, чтобы ответить на вопрос.\n\nОтрывок:\n{context}\n\nВопрос: {question}\nОтвет:",
    "instruction and input": "### Instruction:\n{question}\n\n### Input:\n{context}\n\n### Response:",
}


def read(text):
    return Query(text).instance_view


@pytest.mark.parametrize("context", [LEASE, LOG, CODE], ids=["lease", "log", "code"])
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_the_question_is_found_in_a_prompt(prompt, question, context):
    query = Query(prompt.format(question=question, context=context))
    assert question.rstrip(".?") in query.instance_view
    assert len(query.instance_view) < len(question) + 80
    assert len(query.task_view) < len(question) + 150


@pytest.mark.parametrize("context", [LEASE, LOG], ids=["lease", "log"])
@pytest.mark.parametrize(
    "prompt", ["{question}\n\n{context}", "{context}\n\n{question}", "{context}\n{question}"]
)
@pytest.mark.parametrize("question", [*QUESTIONS[:2], "Warum dauert das so lange?", "find the cause of this"])
def test_the_question_is_found_before_and_after_an_unmarked_text(prompt, question, context):
    assert read(prompt.format(question=question, context=context)) == question


@pytest.mark.parametrize(
    "text",
    [
        "Answer the multiple-choice question below by outputting A, B, C, or D.\n\nQuestion: Which is red?\n\n"
        "Choices:\nA: Blood\nB: Milk\nC: Coal\nD: Snow\n\nAnswer:",
        "Fix this issue:\n\n" + " ".join(f"The {n}th call of `load` loses its cache." for n in range(60)),
        "A farmer purchased a pickup truck. "
        + LEASE[:1500]
        + "\nWho must pay?\nA) The farmer.\nB) The dealer.",
        "Draft a contract.\n\n" + "\n".join(f"{n}. Write clause {n} on the duty {n * 3}." for n in range(60)),
        "Please answer with the letter.\n\nThe _ was soft.\nA) pan\nB) butter\nAnswer:\nB\n\nThe _ was hot.",
    ],
)
def test_what_is_to_be_solved_is_the_question(text):
    asked = find_question(text)
    assert asked.question == text
    assert not asked.context


@pytest.mark.parametrize(
    "inserted",
    [
        "<system-reminder>\nAs you answer, use this context:\n# claudeMd\nProve theorems.\n</system-reminder>",
        "<environment_details>\n# VSCode Visible Files\nproof.py\n# Current Time\n5/5/2026\n</environment_details>",
        "[Conversation summary]\nThe user proves the termination of a compiler in Rust.",
        "# Important instruction reminders\nDo what has been asked; nothing more.\nNEVER create files.",
        "You have access to the following tools:\n\n- search: find pages\n- calc: compute integrals",
        "<git_status>\nM core/theorem.py\n</git_status>",
        "Use the strongest model.",
        "Please route this query to the most capable model available!",
    ],
)
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_a_harness_inserts_changes_nothing(inserted, question):
    alone = Query(question)
    for query in (Query(f"{question}\n\n{inserted}"), Query(f"{inserted}\n\n{question}")):
        assert (query.task_view, query.instance_view) == (alone.task_view, alone.instance_view)
        assert query.text_tokens + query.context_tokens > alone.text_tokens


@pytest.mark.parametrize("question", QUESTIONS)
def test_choices_that_fit_any_question_are_not_read(question):
    for choices in ("\nA) Yes\nB) No\nC) Maybe\nD) None of these", "\n\n(1) yes\n(2) no"):
        assert read(question + choices) == question
    assert read(f"{question}\nA) Red\nB) Blue") != question


@pytest.mark.parametrize(
    "text",
    [
        *("Thanks!", "thank you so much", "Hi", "Danke!", "谢谢", "ありがとう", "What is 2 + 2?"),
        *(
            "What is the capital of France?",
            "Who is responsible for payment?",
            "法国的首都是哪里?",
            "Spell necessary.",
        ),
        "Design a lock-free queue and prove that it is linearizable.",
    ],
)
def test_a_text_with_content_of_its_own_is_read_alone(text):
    query = Query(text, context="Prove the theorem of Galois.")
    assert query.instance_view == Query(text).instance_view


@pytest.mark.parametrize(
    "frame",
    [
        "{}\n\nRegards,\nAnn\n\nOn Fri, 1 May 2026 at 09:12, Bob <bob@example.org> wrote:\n> "
        + LEASE.replace(". ", ".\n> "),
        "From: Ann\nTo: Bob\nSubject: lease\n\n{}\n\nRegards,\nAnn\n\n-----Original Message-----\nFrom: Bob\n\n"
        + LEASE,
    ],
)
def test_the_question_of_a_mail_is_found_above_what_it_answers(frame):
    assert read(frame.format(QUESTIONS[0])) == QUESTIONS[0]


@pytest.mark.parametrize(
    "question", ["안내 데스크는 어디에 있나요?", "受付の場所を説明してください。", "请说明前台在哪里吧。"]
)
def test_a_question_beside_a_document_in_scripts_without_blanks_is_found(question):
    clauses = "".join(
        f"第{n}条：承租人须在每月{n % 28 + 1}日之前支付租金，并妥善维护房屋第{n}部分。" for n in range(30)
    )
    for text in (f"{clauses}\n\n{question}", f"{question}\n\n{clauses}"):
        assert read(text) == question


def test_instructions_in_tags_are_asked_only_where_nothing_else_is():
    told = "<instructions>\nTranslate all of it into Latin.\n</instructions>\n\n"
    assert read(f"{told}<document>\n{LEASE}\n</document>") == "Translate all of it into Latin."
    assert read(f"{told}<question>\n{QUESTIONS[0]}\n</question>") == QUESTIONS[0]
    assert read(f"{told}{QUESTIONS[0]}") == QUESTIONS[0]


def test_a_request_without_content_reads_what_it_is_put_beside():
    assert "def f0" in read(f"Fix this:\n```python\n{CODE}\n```")
    assert "Lessee" not in read(f"Who pays?\n```\n{LEASE}\n```")


def test_a_text_of_nothing_but_context_is_read():
    for text in (
        f"<context>{LEASE}</context>",
        f"```\n{CODE}\n```",
        "Context:",
        "<system-reminder>Be.</system-reminder>",
    ):
        assert Query(text).instance_view


@pytest.mark.parametrize("frame", ["Hey there :)\n\n{}", "{}\n\nThank you so much!", "Hi!\n\n{}\n\nThanks!"])
def test_a_greeting_beside_a_document_that_asks_nothing_is_read_alone(frame):
    document = " ".join(f"Section {number} is kept in office {number * 7}." for number in range(60))
    asked = Query(frame.format(document)).view.instance
    assert document not in asked
    assert asked.split()[0] in ("Hey", "Thank", "Hi!")
    assert document[-500:] in Query(document).view.instance
