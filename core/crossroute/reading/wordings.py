"""Words by which a prompt marks its parts, in the languages that are written most."""

# ruff: noqa: E501, RUF001, SIM905 - lists of words of many scripts

from __future__ import annotations

QUESTION = (
    "question|questions|query|q|user|human|task|request|instructions?|problem|issue|prompt|user input|follow[- ]up input"
    "|frage|anfrage|aufgabe|pregunta|consulta|tarea|tâche|consigne|domanda|richiesta|pergunta|tarefa|vraag|pytanie|soru"
    "|вопрос|задача|问题|問題|提问|任务|質問|課題|질문|과제|السؤال|سؤال|प्रश्न|सवाल|câu hỏi"
)
"""What stands over a question."""

QUALIFIER = (
    "the|my|user|user's|your|new|current|final|last|next|original|standalone|follow[- ]up|given|retrieved|relevant|source"
    "|following|additional|supporting|reference|input|error|server|email|here is the|here are the"
)
"""What may stand before one of these words."""

CONTEXT = (
    "contexts?|input|documents?|passages?|articles?|text|sources?|background|references?|excerpts?|contents?|transcript"
    "|conversation|chat history|history|logs?|traceback|data|report|notes|chunks?|(?:search )?results?"
    "|knowledge(?: base)?|e-?mail|file|page|kontext|dokumente?|texte?|artikel|quellen?|contexto|documentos?|textos?"
    "|artículo|contexte|contesto|documenti|testo|artigo|контекст|документы?|текст|статья|上下文|背景|文档|文章|资料"
    "|参考资料|文本|コンテキスト|文脈|文書|本文|記事|参考資料|문맥|본문|문서|자료|السياق|النص|المستند|संदर्भ|पाठ|दस्तावेज़"
)
"""What stands over something to read."""

ANSWER = (
    "(?:helpful )?answer|response|assistant|output|thought|action|observation|solution|antwort|respuesta|réponse|risposta|resposta"
    "|ответ|答案|回答|답변|답|الإجابة|उत्तर"
)
"""What stands over an answer."""

REQUEST = (
    "please|can you|could you|would you|will you|i need|i want|help|what|why|how|who|when|where|which|is|are|does|do"
    "|did|summari[sz]e|explain|write|fix|find|translate|list|describe|tell|give|show|check|review|compare|rewrite"
    "|extract|classify|analy[sz]e|answer|identify|make|create|add|use|read|based|according|given|solve|prove|implement"
    "|reply|respond|draft|suggest|recommend|convert|calculate|compute|count|spell|say|name|choose|pick|rank|sort|plan"
    "|design|debug|refactor|optimi[sz]e|generate|produce|provide|outline|brainstorm|define|discuss|evaluate|estimate"
    "|turn|fill|complete|continue|correct|proofread|shorten|paraphrase|rephrase|edit|polish|format|group|organi[sz]e"
    "|should|shall|may|any|let|act|imagine|remind|derive|determine|predict|compose|simplify|expand|test|build|run|set"
    "|bitte|kannst du|können sie|was|warum|wie|wer|wann|wo|welche|fasse|erkläre|schreib|übersetze|finde|nenne|beschreibe"
    "|por favor|puedes|qué|por qué|cómo|quién|cuándo|dónde|cuál|resume|explica|escribe|traduce|encuentra|enumera"
    "|s'il|peux-tu|pouvez-vous|que|quel|quelle|pourquoi|comment|qui|quand|où|résume|résumez|explique|expliquez|écris"
    "|écrivez|traduis|traduisez|trouve|per favore|puoi|che|perché|come|chi|quando|dove|riassumi|spiega|scrivi|traduci"
    "|você pode|o que|quem|onde|qual|resuma|escreva|traduza|что|почему|как|кто|когда|где|какой|объясни|напиши"
    "|переведи|найди|исправь|пожалуйста|请|帮我|总结|解释|翻译|写|为什么|什么|如何|怎么|以下|要約|説明|翻訳|次の|なぜ|どう"
    "|요약|설명|번역|다음|왜|무엇|어떻게"
)
"""How a request begins."""

THIS = "this|these|the|following|my|our|all|dies\\w*|folgende\\w*|das|die|den|este|esta|estos|el|la|ce|cette|ces|le|les|questo|il|эт\\w+"
PROBLEM = (
    "questions?|tasks?|problems?|issues?|bugs?|tickets?|exercises?|puzzles?|riddles?|steps|requirements?|spec(?:ification)?"
    "|aufgaben?|fragen?|fehler|problema|tarea|ejercicio|problème|exercice|tâche|compito|esercizio|задач[аиу]"
)
PROBLEM_UNSPACED = "问题|题目|任务|問題|課題|문제|과제"
"""What a request calls a text that is to be solved rather than read."""

SUMMARY = (
    r"(?:previous )?conversation summary|summary of (?:the|our|this) (?:conversation|session|chat)|conversation history"
    r"|here is a summary of the conversation|this session is being continued|the following is a summary of"
)
"""How a summary begins that takes the place of earlier turns."""

HARNESS = (
    rf"{SUMMARY}|"
    r"(?:important )?(?:instructions? )?reminders?|environment(?: details| context)?|system (?:note|reminder|notice)"
    r"|available tools|tools available|you have access to the following tools|you have access to these tools"
    r"|current (?:date|time|working directory)"
)
"""How a paragraph begins that an agent's harness put in."""

QUESTION_TAGS = "question|query|task|request|issue|problem|requirement|prompt|message|instruction|user|ask|frage|aufgabe|pregunta"
EMPTY_CHOICES = (
    "yes|no|maybe|none(?: of (?:these|them|the above))?|all(?: of (?:these|them|the above))?|not sure|unsure|other|neither|both"
    "|i don't know|cannot say"
)
"""Choices that may stand under any question."""

HARNESS_TAGS = "reminder|environment|system|workspace|summary|memory|git|ide|tool|command|todo|rules|metadata|skills|open_"
"""Parts of the tags' names around a question, and around what an agent's harness put in."""

FILLERS = frozenset(
    (
        "a an the this that these those it its they them he she him her his one ones same other others another such so"
        " and but or then now also too again more further next else instead still just only both all any some each every"
        " i you we me us my your our is are was were be been am do does did done doing have has had can could will would"
        " shall should may might must to of in on at for from with by about as into up out off over not no yes yeah yep"
        " sure ok okay right correct exactly please kindly what why how who which when where whose if because there here"
        " go on continue proceed keep going carry try retry do redo fix make use apply change explain show tell give run"
        " start stop finish repeat elaborate expand first second third last previous former latter above below following"
        " case part step version way thing things example examples shorter longer better simpler like let's lets"
        " ja nein bitte doch weiter mach mache machen fahre fort und oder aber auch noch mal nochmal das die der den dem"
        " des es sie er ihn ihm ein eine einen einem einer dies diese dieser dieses was warum wieso wie wer wo jetzt nun"
        " gleiche selbe andere anderen zweite zweiten erste ersten letzte korrigiere behebe erkläre ich du wir ist sind"
        " für mit von zu im in an auf"
        " sí si no por favor sigue continúa continua adelante y e o pero también eso esto ese este esa esta lo la el los"
        " las le un una otro otra mismo misma segundo segunda primero qué cómo cuál quién ahora hazlo corrige arregla para"
        " oui non s'il vous te plaît plait continuez vas-y et ou mais aussi ça cela ce cet cette ces le les un une des"
        " autre même deuxième second premier pourquoi comment quoi maintenant corrige corrigez fais faites pour"
        " sim não continue siga isso isto esse o os as um uma outro outra mesmo agora corrija faça"
        " sì continua vai avanti e anche questo quello lo gli il altro stesso ora correggi perché come"
        " да нет продолжай продолжайте дальше и или но а это этот эта тот та его её их ещё теперь почему как что исправь"
        " сделай пожалуйста второй первый другой тоже"
    ).split()
)
"""Words without content of their own, among them those that tell to go on."""

POINTING = frozenset(
    (
        "it its this that these those they them one ones same other others another such again also too instead above"
        " previous former latter first second third last then and but so or das es dies diese dieser dieses gleiche und"
        " aber auch nochmal zweite eso esto ese este esa esta lo mismo otro y e pero también ça cela ce cette même autre"
        " et mais aussi isso isto mesmo outro questo quello stesso altro anche это этот эта его её их и а но тоже другой"
    ).split()
)
"""Words that point to what was said before."""

COURTESIES = frozenset(
    (
        "hi hello hey thanks thank thx bye goodbye cheers morning evening night welcome great perfect nice awesome cool"
        " hallo danke tschüss dankeschön super hola gracias adiós salut bonjour merci olá obrigado obrigada ciao grazie"
        " привет спасибо пока 你好 您好 谢谢 谢谢你 再见 こんにちは ありがとう ありがとうございます 안녕하세요 감사합니다 고마워 مرحبا شكرا"
        " नमस्ते धन्यवाद"
    ).split()
)
"""Greetings, thanks and praise: they ask for nothing, whatever came before."""
