"""Words and phrases of prompts, in many languages: headings, follow-ups, courtesies, pleas, hints, mail."""

# ruff: noqa: E501, RUF001, SIM905 - lists of words of many scripts

from __future__ import annotations

QUESTION = (
    "question|questions|query|q|user|human|task|request|instructions?|problem|issue|prompt|user input|follow[- ]up input"
    "|frage|anfrage|aufgabe|pregunta|consulta|tarea|tâche|consigne|domanda|richiesta|pergunta|tarefa|vraag|pytanie|soru"
    "|вопрос|задача|问题|問題|提问|任务|質問|課題|질문|과제|السؤال|سؤال|प्रश्न|सवाल|câu hỏi"
)
"""Headings of a question."""

QUALIFIER = (
    "again,|the|my|user|user's|your|new|current|final|last|next|original|standalone|follow[- ]up|given|retrieved|relevant|source"
    "|following|additional|supporting|reference|input|error|server|email|here is the|here are the"
)
"""Words before a heading."""

CONTEXT = (
    "contexts?|input|documents?|passages?|articles?|text|sources?|background|references?|excerpts?|contents?|transcript"
    "|conversation|chat history|history|logs?|traceback|data|report|notes|chunks?|(?:search )?results?"
    "|materials?|snippets?|knowledge(?: base)?|e-?mail|file|page|hintergrund|auszug|extrait|extracto|fragmentos?|trechos?|estratto|отрывок|отрывки|фрагменты?|материалы?|kontext|dokumente?|texte?|artikel|quellen?|contexto|documentos?|textos?"
    "|artículo|contexte|contesto|documenti|testo|artigo|контекст|документы?|текст|статья|上下文|背景|文档|文章|资料"
    "|参考资料|参考内容|已知信息|已知内容|相关信息|相关内容|材料|文本|摘录|手册|コンテキスト|文脈|文書|本文|記事|参考資料|문맥|본문|문서|자료|السياق|النص|المستند|संदर्भ|पाठ|दस्तावेज़"
)
"""Headings of a context."""

ANSWER = (
    "(?:(?:helpful|полезный) )?(?:answer|ответ)|(?:réponse utile|respuesta útil|hilfreiche antwort)|response|assistant|output|thought|action|observation|solution|antwort|respuesta|réponse|risposta|resposta"
    "|ответ|答案|回答|답변|답|الإجابة|उत्तर"
)
"""Headings of an answer."""

REQUEST_ENDS = "(?:して|って|んで|て)?(?:ください|下さい)|しなさい|せよ|答えよ|하세요|세요|주세요|하시오|하라|해라|해줘|줘|吧"
"""Endings of requests, in languages with the verb at the end."""

REQUEST = (
    "please|can you|could you|would you|will you|i need|i want|help|what|why|how|who|when|where|which|is|are|does|do"
    "|did|summari[sz]e|explain|write|fix|find|translate|list|describe|tell|give|show|check|review|compare|rewrite"
    "|extract|classify|analy[sz]e|answer|identify|make|create|add|use|read|based|according|given|solve|prove|implement"
    "|reply|respond|draft|suggest|recommend|convert|calculate|compute|count|spell|say|name|choose|pick|rank|sort|plan"
    "|design|debug|refactor|optimi[sz]e|generate|produce|provide|outline|brainstorm|define|discuss|evaluate|estimate"
    "|turn|fill|complete|continue|correct|proofread|shorten|paraphrase|rephrase|edit|polish|format|group|organi[sz]e"
    "|should|shall|may|any|let|act|work out|establish|verify|characteri[sz]e|formulate|justify|demonstrate|construct|develop|propose|investigate|argue|sketch|assess|minimi[sz]e|maximi[sz]e|imagine|remind|derive|determine|predict|compose|simplify|expand|test|build|run|set"
    "|bitte|kannst du|können sie|was|warum|wie|wer|wann|wo|welche|fasse|erkläre|schreib|übersetze|finde|nenne|beschreibe"
    "|por favor|puedes|qué|por qué|cómo|quién|cuándo|dónde|cuál|resume|explica|escribe|traduce|encuentra|enumera"
    "|s'il|peux-tu|pouvez-vous|que|quel|quelle|pourquoi|comment|qui|quand|où|résume|résumez|explique|expliquez|écris"
    "|écrivez|traduis|traduisez|trouve|per favore|puoi|che|perché|come|chi|quando|dove|riassumi|spiega|scrivi|traduci"
    "|você pode|o que|quem|onde|qual|resuma|escreva|traduza|что|почему|как|кто|когда|где|какой|объясни|напиши"
    "|переведи|найди|исправь|пожалуйста|请|帮我|总结|解释|翻译|写|为什么|什么|如何|怎么|以下|要約|説明|翻訳|次の|なぜ|どう"
    "|요약|설명|번역|다음|왜|무엇|어떻게"
)
"""Beginnings of requests."""

THIS = "this|these|the|following|my|our|all|dies\\w*|folgende\\w*|das|die|den|este|esta|estos|el|la|ce|cette|ces|le|les|questo|il|эт\\w+"
PROBLEM = (
    "questions?|tasks?|problems?|issues?|bugs?|tickets?|exercises?|puzzles?|riddles?|steps|requirements?|spec(?:ification)?"
    "|aufgaben?|fragen?|fehler|problema|tarea|ejercicio|problème|exercice|tâche|compito|esercizio|задач[аиу]"
)
PROBLEM_UNSPACED = "问题|题目|任务|問題|課題|문제|과제"
"""Words for a text that a request asks to solve and not just to read: "THIS PROBLEM", or PROBLEM_UNSPACED."""

SUMMARY = (
    r"(?:previous )?conversation summary|summary of (?:the|our|this) (?:conversation|session|chat)|conversation history"
    r"|here is a summary of the conversation|you are in the middle of a conversation that has been summarized|this session is being continued|the following is a summary of"
)
"""Beginnings of a summary that replaces earlier turns."""

AUTOMATED = r"\[error\]|error\] you did not|stop hook feedback|(?:[^\n]*\n+)*\(this is an automated message"
"""Beginnings or contents of automated messages."""

HARNESS = (
    rf"{SUMMARY}|"
    r"(?:important )?(?:instructions? )?reminders?|environment(?: details| context)?|system (?:note|reminder|notice)"
    r"|available tools|tools available|you have access to the following tools|you have access to these tools"
    r"|current (?:date|time|working directory)|\[(?:error|request interrupted)[^\]\n]{0,40}\]|stop hook feedback|userpromptsubmit hook"
    r"|caveat: the messages below|today is \w+,? \w+ \d|relevant memories about|reminder to (?:respond|answer|reply)"
)
"""Beginnings of paragraphs that an agent's harness inserts."""

QUESTION_TAGS = "question|query|task|request|issue|problem|requirement|prompt|message|instruction|user|ask|pr_description|frage|aufgabe|pregunta"
"""Names of tags around a question."""

EMPTY_CHOICES = (
    "yes|no|maybe|none(?: of (?:these|them|the above))?|all(?: of (?:these|them|the above))?|not sure|unsure|other|neither|both"
    "|i don't know|cannot say|it depends|depends|perhaps|sometimes|ja|nein|vielleicht|sí|oui|non|да|нет|是|否|はい|いいえ"
)
"""Choices that fit any question."""

CHOICE_ENDS = tuple(
    (
        "yes no maybe none all these them above sure unsure other neither both know say depends perhaps sometimes"
        " ja nein vielleicht sí oui non да нет 是 否 はい いいえ"
    ).split()
)
"""Last words of these."""

HARNESS_TAGS = (
    "reminders?|environment|system|workspace|summary|memory|memories|git|ide|tools?|commands?|todos?|rules|metadata|skills"
    "|open|hook|runtime|extra|budget|warning|datetime|date|time|terminals?|editor|info|cwd|caveat"
)
"""Parts of the names of tags from an agent's harness."""

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
        " ahead sounds details detail mean work works worked working wrong sure quite option options different differently"
        " clearer unclear still get got isn't don't doesn't didn't that's it's einmal kürzer länger ausführlicher einfacher"
        " ga door waarom hoe het een dat dit nog eens tweede eerste andere doorgaan graag opnieuw"
        " dalej dlaczego czemu jak ten ta drugi drugie pierwszy jeszcze raz kontynuuj popraw proszę"
        " devam et neden niye nasıl ikincisi ikinci birincisi birinci bunu onu bir daha tekrar düzelt lütfen peki"
        " endelea kwa nini pili kwanza hiyo hii tena rekebisha tafadhali"
        " لماذا كيف استمر أكمل تابع والثاني الثاني الأول هذا ذلك مرة أخرى أصلح من فضلك نعم لا و ثم"
        " 왜 왜요 계속 계속해 계속해줘 다시 그럼 두 번째는요 번째 번째는 그건요 고쳐줘 네 아니요"
        # remarks on the last answer, and requests to change it
        " wait hmm hm uh um k lgtm looks look good bad fine whatever best anything everything rest others remaining middle stop"
        " stopped proceed double check checked verify thoughts opinion step steps write wrote put list table simply simple again"
        " understand understood follow lost meant said wrote says way around round nah nope yup yea ya cool true false incorrect"
        " genauer falsch stimmt richtig ausführlich kurz kürzer erklär erklären wiederhole nochmals einfach bitte machen ok gut weitermachen"
        " wiederholen schreib zeig kannst könntest verstehe verstanden nein doch danach dann sonst andersrum tabelle liste"
        " plus détail détails faux juste fais-le fais refais réexplique réexpliquer ensuite puis après tu peux pouvez bon mal encore"
        " vas simple simplement court longtemps résultat bien alors suivant suivante liste tableau répète répéter continuer"
        " mal está están bien más menos detalle detalles luego entonces después otra vez explicar explicarlo explícalo puedes podrías de"
        " nuevo hacer haz repite repetir siguiente corto largo simple falso cierto incorrecto tabla lista seguir con continuar"
        " di nuovo è sbagliato giusto fallo fai rifai più meno dettaglio dettagli rispiega rispiegarlo spiegarlo puoi poi dopo ancora"
        " breve lungo semplice vero falso tabella lista ripeti prossimo continuare da capo va bene"
        " continua continuar de novo errado certo faz faça mais menos detalhe detalhes explicar explique pode você depois então"
        " outra vez curto longo simples tabela próximo repita repetir está bem ótimo"
        " неверно верно неправильно правильно подробно подробней объясни объяснить повтори повторить потом затем давай можешь"
        " короче длиннее проще иначе не так хорошо ладно понял понятно снова заново ошибка таблицу список следующий покажи"
        " c'est cela en это раз yanliş ayrintili kisa hayir açikla doğru"
        " evet hayır yanlış doğru yap yapın daha ayrıntılı kısa uzun basit açıkla anlat sonra tamam bir tane"
        " tak nie źle dobrze to zrób dokładniej krócej dłużej prościej wyjaśnij powtórz potem więc następny"
        " verder ga klopt dat niet doe maar goed fout korter langer eenvoudiger uitleggen leg uit herhaal daarna dan volgende"
        " خطأ هذا افعل ذلك صحيح بالتفصيل اشرح مجددا بعد ذلك التالي أعد رجاء"
        " जारी रखो रखें गलत यह है करो करें फिर से समझाओ विस्तार सही हाँ नहीं कृपया अब आगे दोबारा"
        " 부탁해요 부탁합니다 한번 틀렸어요 맞아요 그렇게 해줘 해주세요 설명해 줄래 줄래요 더 자세히 짧게 길게 그래서 다음 다음은 이어서 써줘"
    ).split()
)
"""Words without content of their own, including those that ask to continue."""

NUMBERED = frozenset(
    "option step part number no point case version item example nummer schritt teil opción paso parte étape partie шаг".split()
)
"""Words whose number picks one of several options."""

NUDGES = frozenset(
    (
        "working work works approach suitable solved solve solution finish finished done complete completed completion goal"
        " interaction interact stopped stopping steps tool tools use used using call calls called error errors attempt"
        " left off resume resuming pick yet meet meets satisfy satisfied rubric criteria requirements revise revised response"
        " responses message messages answer answers answered never ask asking help human user user's wait waiting remaining todo"
        " list items item objective automatically automated format properly verify sure important task tasks whatever think"
        " thought believe seem seems need needs needed than without until before after while directly previous last latest"
        " end ends progress not unable want wants ready everything anything nothing something required question questions"
        " feedback improve conversation session where it's you've haven't hasn't didn't won't reply replying carefully"
    ).split()
)
"""Further words of longer texts that only ask to continue."""

POINTING = frozenset(
    (
        "it its this that these those they them one ones same other others another such again also too instead above"
        " previous former latter first second third last then and but so or das es dies diese dieser dieses gleiche und"
        " aber auch nochmal zweite eso esto ese este esa esta lo mismo otro y e pero también ça cela ce cette même autre"
        " et mais aussi isso isto mesmo outro questo quello stesso altro anche это этот эта его её их и а но тоже другой"
        " now there"
    ).split()
)
"""Words that point to earlier turns."""

REWORKING = frozenset(
    (
        "regenerate rephrase reword reformat rewrite restart resend redo retry undo revert simplify shorten lengthen improve"
        " polish revise refine translate summarize summarise clarify verify check test debug optimize optimise refactor"
        " complete implement commit push deploy submit save merge rename remove delete extend enhance format cut trim"
    ).split()
)
"""Verbs that, without an object of their own, ask to change the last result."""

FOLLOW_UPS = frozenset(
    (
        "sounds good, go ahead|that doesn't work|it doesn't work|this doesn't work|doesn't work|not working|same error"
        "|still the same error|still failing|it still fails|still not working|not quite|hmm, are you sure|are you sure"
        "|and now|more details|in more detail|shorter|longer|simpler|more|another|another one|why not|how so|what else"
        "|in english|in english please|in french please|in german please|in spanish please|and then|so what|because"
        "|なぜですか|どうしてですか|なぜ|どうして|続きをお願いします|続けてください|もう一度お願いします|もっと詳しく|二番目は|二つ目は|次は"
        "|为什么呢|请继续|继续说|第二个呢|那第二个呢|再来一次|再详细一点|还有别的吗|怎么做|请修复|改一下|你确定吗"
        "|जारी रखें|क्यों|क्यों नहीं|और दूसरा|फिर से|आगे बढ़ें|इसे ठीक करें|और|हाँ|नहीं|कैसे|अगला"
        "|왜 그런가요|계속해 주세요|다시 해 주세요|더 자세히|두 번째는|그 다음은|고쳐 주세요|확실해요"
        "|en de tweede|en nu|na ya pili|ya ikincisi|ya birincisi|ve sonra|a drugi|a ten drugi|i co dalej|a teraz"
        "|noch eins|encore|encore une fois|pourquoi pas|plus court|otra vez|más corto|por quê|ancora uno|ещё раз|короче"
        "|подробнее|もっと短く|더 짧게|फिर|थोड़ा छोटा करो|أعد المحاولة|ثم ماذا|jaribu tena|kisha|tekrar dene|sonra|krócej"
        "|nog een keer|korter|pls continue|nope|still broken|nope, still broken|not what i meant|that's not what i meant"
        "|好的,请继续|好,继续|你能再解释一遍吗|再解释一遍|再解释一下|不对|错了|就这么做|然后呢|接着呢|为什么|是的|可以|好的"
        "|はい、お願いします|お願いします|やってください|もう一度説明してもらえますか|もう一度説明してください|違います|それで|違う|いいえ"
        "|다시 설명해 줄래|다시 설명해 주세요|그렇게 해 주세요"
        "|ترجمها|وماذا بعد|هل أنت متأكد|بالتفصيل"
    ).split("|")
)
"""Whole texts that are follow-ups, in lower case and without marks at their ends."""

COURTESIES = frozenset(
    (
        "hi hello hey thanks thank thx bye goodbye cheers morning evening night welcome great perfect nice awesome cool"
        " hallo danke tschüss dankeschön super hola gracias adiós salut bonjour merci olá obrigado obrigada ciao grazie"
        " привет спасибо пока 你好 您好 谢谢 谢谢你 再见 こんにちは ありがとう ありがとうございます 안녕하세요 감사합니다 고마워 مرحبا شكرا"
        " नमस्ते धन्यवाद"
    ).split()
)
"""Greetings, thanks and praise, which are no follow-ups."""

_MUCH = r"(?:really|very|extremely|super|so|quite|incredibly|highly|most|too|pretty|of utmost)"
_KIND = r"(?:important|urgent|critical|crucial|essential|hard|difficult|easy|simple|tough|tricky|challenging|trivial|complex|basic)"
_ROLE = r"(?:assistant|ai|bot|chatbot|model|llm|dan|genius|experts?|specialist|professor|scientist|mathematician|engineer|programmer|developer|lawyer|doctor|teacher|tutor|writer|editor|translator|analyst|consultant|researcher|coach|chemist|physicist|biologist|historian|economist|philosopher|linguist|statistician|journalist|therapist|chef|tutor|agent)"
APPEALS = (
    r"(?:hi|hello|hey|dear)(?: [\w.'-]{1,20}){1,2},?|(?:(?:kind|best|warm|many|with) )?(?:regards|wishes|cheers|thanks|love|sincerely)[,.]? [\w' -]{1,24}|(?:hi|hello|hey|dear|good (?:morning|evening|afternoon|day))(?: (?:there|all|team|everyone|claude|chatgpt|gpt|gemini|sir|madam|\w+ ?ai))?"
    r"|i(?: have a| need help with (?:this|a|the following))(?: quick| short| little| simple)?(?: question)?"
    r"|(?:(?:just )?(?:a|one|another) )?(?:quick|short|simple|small|random|general|dumb|stupid|silly|genuine) (?:question|one|request|query)(?: for you)?"
    r"|(?:so,? |again,? |and )?(?:my|here is my|here's my|this is my)(?: \w+)? (?:question|request|task|problem|query)(?: is| was)?"
    r"|i hope (?:this|that|all|you|everything)(?:'s|'re| is| are)?[\w ]{1,40}|i(?:'m| was| am)(?: just)? (?:wondering|curious)(?: if you (?:could|can|would|might)(?: please)?(?: kindly)? (?:help|answer|explain|tell)(?: me| us)?(?: with)?(?: this| that| the)?(?: following)?(?: question)?)?"
    r"|(?:please )?(?:answer|look at|read)(?: me)? (?:this|the following)(?: question| message| request)?"
    r"|i(?:'m| am) (?:just )?(?:a|an)(?: \w+)? (?:student|beginner|newbie|teacher|researcher|developer|engineer)(?: and(?: i)? need (?:some |your )?help)?"
    r"|(?:my|our) (?:boss|teacher|professor|manager|client|friend|colleague|son|daughter|kid)(?: just)? (?:asked|needs|wants|sent)(?: me| us)? (?:this|to know|to know this|the following)"
    r"|(?:please )?(?:double[- ]?check|check|verify)(?: your (?:work|answer|result|reasoning|solution)| it| everything)"
    r"|(?:please )?(?:make sure|ensure)(?: that)? (?:it|this|your answer|the answer|everything)(?:'s| is) (?:correct|right|accurate|complete|perfect)"
    r"|\(?(?:reasoning[_ ]effort|effort|temperature|top_p|max_tokens|seed|verbosity) ?[=:] ?[\w.]+\)?"
    rf"|(?:please note,? )?(?:this|it)(?:'s| is| question is| task is| one is)(?: (?:a|an))?(?: {_MUCH})*(?: {_KIND})(?: (?:question|problem|task|one|request|matter|issue))?(?: (?:to|for) (?:me|us|my [\w ]{{1,20}}|our [\w ]{{1,20}}|the [\w ]{{1,20}}))?"
    rf"|(?:note|attention|warning|urgent|important|priority)\b:?(?: (?:high|top|highest|maximum) priority)?"
    r"|i(?:'ll| will| would| can| am going to|'m going to) (?:tip|pay|give|reward) you [^?\n]{1,60}"
    r"|(?:my|our) (?:whole |entire )?(?:job|career|life|grade|future|business|company)(?: really)? (?:depends|rests|hangs) on (?:it|this|your answer)"
    r"|i(?:'ll| will| could| might) (?:be fired|lose my job|get fired|fail|be in trouble)\b[^?\n]{0,50}"
    r"|take (?:as long as|all the time) you (?:need|want|like)|take (?:a deep breath|your time)(?:,? and [\w ]{1,50})?"
    r"|(?:please |let's |let us |lets )?(?:think|work|reason)(?: (?:about|through|on) (?:it|this|that))?(?: (?:step[- ]by[- ]step|carefully|very carefully|deeply|hard|harder|thoroughly|slowly|well))+(?: (?:and|before) [\w ]{1,40})?"
    r"|(?:please )?(?:make )?no mistakes(?:,? please)?|(?:please )?(?:do not|don't) (?:make|get) (?:any |a )?(?:mistakes?|it wrong|this wrong)"
    r"|(?:please )?(?:always )?(?:answer|reply|respond)(?: to me| me)? in (?:english|german|french|spanish|italian|portuguese|chinese|japanese|russian|arabic|hindi|korean|dutch|polish|turkish|the same language|my language)(?: only| please)?"
    r"|(?:please )?(?:try|do) your (?:very )?best|(?:please )?be (?:very )?careful|it must be (?:perfect|correct|right)"
    r"|you are (?:a|an|my) (?:(?:very )?(?:helpful|friendly|smart|intelligent|kind|honest|harmless|polite|useful|knowledgeable|world[- ]class|ai|ai-powered|virtual|large|great|brilliant|top),? ?(?:and )?)*(?:assistant|ai|bot|chatbot|language model|llm|genius|expert)(?: with [\w ]{1,30} experience)?"
    rf"|(?:from now on,? )?(?:you are|you're|act as|imagine you are|pretend (?:to be|you are|that you are))(?: now)? (?:an? |the |my )?(?:[\w-]+ ){{0,5}}{_ROLE}\b(?:[^?\n\d]|\d+ years){{0,120}}|as an? (?:[\w-]+ ){{0,3}}{_ROLE}:?"
    r"|(?:and )?if you (?:do not|don't|aren't|are not) (?:know|sure)[\w ]{0,20},? (?:just |please )?(?:say|tell me|admit|answer)[^?\n]{1,40}|(?:please )?(?:do not|don't|never) make (?:things|anything|stuff|facts) up"
    r"|(?:please )?ignore (?:all|any|the) (?:previous|prior|above|earlier) instructions|you (?:will )?get \$[^?\n]{1,60}|if you (?:get|answer|do) (?:it|this) (?:right|wrong|correctly)[^?\n]{1,60}"
    r"|(?:the current|today's|current) date (?:is|:)[^?\n]{4,40}"
    r"|(?:[^\W\d_]+ )?(?:ticket|case|request|issue|task|item) ?(?:no\.?|number|id)? ?[#:]+ ?[\w-]*\d[\w-]*"
    r"|sent from my \w+|(?:request|trace|session)[ _-]?id ?[:=] ?\S+"
    r"|(?:das|dies|es) ist (?:sehr |wirklich |äußerst )?(?:wichtig|dringend|schwer|schwierig|einfach|leicht)(?: für \w+)?"
    r"|c'est (?:très |vraiment )?(?:important|urgent|difficile|facile)(?: pour \w+)?"
    r"|es(?:to es)? (?:muy )?(?:importante|urgente|difícil|fácil)(?: para \w+)?|(?:это )?(?:очень )?(?:важно|срочно|сложно)(?: для меня)?|подскажите(?:,? пожалуйста)?"
    r"|这(?:个问题)?(?:对我)?(?:真的|非常|很|十分)?(?:重要|紧急|难|简单)|(?:非常|十分|多)?(?:谢谢|感谢)(?:你|您|了)?(?:的帮助)?|(?:你|您|早上|下午|晚上)好|(?:祝|希望)(?:你|您)[^，。？?]{1,14}|(?:(?:你|您)好[，,] ?)?(?:请|麻烦)?(?:你|您)?(?:帮我|帮忙)(?:看|解答)?(?:一下|下)?(?:这个|以下)?(?:问题)?|我有(?:一)?个(?:小)?问题|(?:お忙しいところ)?(?:すみません|恐れ入ります|失礼します)(?:が)?|(?:一つ)?質問(?:が|です|があります|させてください)+|教えてください|どうぞよろしくお願いいたします|(?:안녕하세요[,.]? ?)?질문이? ?(?:하나 )?(?:있습니다|있어요)|(?:도와|알려) ?주세요|(?:정말 )?고맙습니다|(?:とても|非常に)?(?:重要|大事|緊急)です|ありがとうございます|(?:お元気|いかが)(?:です|お過ごしです)か|(?:良|よ)い(?:一日|週末)を|(?:ご協力|お時間)(?:に|を)?(?:感謝|ありがとう)[^、。]{0,8}|お(?:手数|忙しい)[^、。]{1,16}|おはようございます|よろしくお願いします|こんにちは|(?:미리 )?감사(?:합니다|드립니다|드리고|해요)|(?:잘 )?지내(?:시죠|세요)|좋은 (?:하루|주말|저녁) (?:되세요|보내세요)|안녕하세요|(?:매우|아주) 중요합니다"
    r"|شكرا(?: جزيلا| لك)?|مرحبا|(?:مرحبا[،,]? )?هل يمكنك(?: من فضلك)? مساعدتي|لدي سؤال|(?:नमस्ते,? )?क्या आप (?:मेरी|कृपया मेरी) मदद कर सकते हैं|मेरा एक (?:सवाल|प्रश्न) है|هذا (?:مهم|عاجل)(?: جدا)?|धन्यवाद|नमस्ते|यह (?:बहुत )?(?:महत्वपूर्ण|ज़रूरी) है|asante(?: sana)?|teşekkürler|dziękuję|obrigad[oa]|grazie(?: mille)?"
)
"""Sentences that plead, greet or thank, or state a question's difficulty, the date, or a ticket number."""

_FORM = r"(?:json|yaml|xml|csv|html|markdown|latex|plain text|tables?|lists?|bullets?|bullet[- ]points?|sentences?|words?|lines?|paragraphs?|emojis?|format|formatting)"
_COUNT = r"(?:\d+|an?|one|two|three|five|a few|a single|single|few|valid|strict|proper|raw|plain|clean|simple|short|brief|concise|numbered|bulleted|markdown|json|well[- ]formed|only|just|the)"
FORMS = (
    rf"(?:please,? |also,? |and |always )*(?:answer|respond|reply|return|format|output)(?: me)?(?: only| just| strictly| exclusively)?(?: (?:it|this|the|your|all|everything))?(?: (?:answer|answers|response|reply|result|results|output))?(?: only| just)?(?: (?:in|as|with|using|within))?(?: at most| up to| no more than| less than| under)?(?: {_COUNT})*(?: {_FORM})+(?: only| please| max| or less)*"
    rf"|(?:please,? )?(?:give|provide|write|present|show|keep)(?: me)? (?:your|the)(?: final| full)? (?:answer|answers|response|reply|result|results|output)(?: in| as| with| using| to| under| within)?(?: {_COUNT})*(?: {_FORM})+(?: only| please| max| or less)*"
    r"|(?:please,? )?(?:be|stay|make it|keep (?:it|your (?:answer|response|reply)|the answer|this))(?: very| as| really| super)? (?:brief|short|concise|simple|succinct|precise|to the point|short and simple)(?: as possible)?(?: and (?:to the point|precise|clear))?(?:,? please)?"
    r"|(?:please,? )?(?:(?:just|only)(?: give(?: me)?| tell me| return| output)?(?: me)?|give me (?:just|only)|(?:answer|reply|respond) with (?:just|only)) the(?: final| short| correct)? (?:answer|result|output)(?: only| please)?(?:,? (?:please|nothing else|(?:no|without)(?: any)? (?:explanations?|reasoning|comments?|preamble)))?"
    r"|(?:please,? )?(?:with )?(?:no|without|skip|omit)(?: any| the| your)? (?:explanations?|preamble|small talk|formatting|markdown|comments|introduction|intro|fluff)(?: please| needed| necessary|,? just the answer)?"
    r"|(?:please,? )?(?:do not|don't)(?: use| add| include| give(?: me)?| write)?(?: any)? (?:explain|formatting|markdown|explanations?|emojis?|bullet points?|lists|tables|preamble)(?: anything| it| your answer| yourself| in your answer)?"
    rf"|(?:please,? )?use(?: only| at most| no more than| fewer than| less than| up to| around| about| some)*(?: {_COUNT})*(?: {_FORM})+(?: in your (?:answer|response|reply))?(?: please| only)?"
    rf"|(?:please,? )?(?:in|within|at most|max|maximum|no more than|under|about)(?: {_COUNT})* (?:words?|sentences?|lines?|paragraphs?)(?: or less| max| or fewer| please| only)*"
    r"|(?:please,? )?(?:limit|restrict)(?: your (?:answer|response|reply)| it| yourself)? to [\w ]{1,30}(?:words?|sentences?|lines?|paragraphs?|characters)"
    r"|(?:please,? )?keep (?:it|this|(?:your|the) answer) (?:under|below|to|within) [\w ]{1,20}(?:words?|sentences?|lines?|paragraphs?|characters)"
    rf"|(?:please,? )?(?:choose|pick|select|answer)(?: one| from| between| only| with)*:? (?:{EMPTY_CHOICES})(?:[,/ ]+(?:or )?(?:{EMPTY_CHOICES})){{1,5}}"
    r"|(?:please,? )?(?:cite|include|list|add|mention|give)(?: me)?(?: your| the| all| any)? (?:sources?|references?|citations?)(?: please| where possible| for your claims)?"
    r"|(?:please,? )?(?:explain|say|tell)(?: it| this| that| me| to me)* (?:like|as if|as though) (?:i'm|i am|i were|i was)(?: a)? (?:five|5|ten|10|12|child|kid|beginner)(?:[- ]years?[- ]old)?|eli5"
    r"|(?:bitte )?(?:antworte(?:n sie)?|gib(?: mir)?(?: (?:die|deine))?(?: antwort| ausgabe)?|geben sie(?: die)? antwort)(?: bitte)?(?: nur| kurz| knapp| ausschließlich)*(?: (?:im|als|in|mit|auf|einem|einer|maximal|höchstens|zwei|drei|\d+|json|markdown|yaml|xml|csv|html|tabelle|liste|stichpunkten|stichworten|satz|sätzen|worten|wörtern|deutsch|englisch|json-format|format))*(?: aus| zurück)?"
    r"|(?:bitte )?(?:kurz|knapp|kurz und knapp|sei kurz|fass(?:e)? dich kurz|nur die antwort|ohne erklärung(?:en)?)(?: antworten| bitte|,? ohne erklärung)?"
    r"|(?:s'il (?:te|vous) plaît,? )?(?:réponds|répondez)(?: uniquement| seulement| simplement| brièvement)*(?: (?:au|en|avec|sous|par|format|forme|de|une|un|json|markdown|yaml|xml|tableau|liste|puces|phrase|phrases|mots|français|anglais|\d+))*|(?:sois|soyez|reste|restez) (?:bref|brève|brefs|concis|concise)|(?:juste|seulement) la réponse|sans explications?"
    r"|(?:por favor,? )?(?:responde|responda|contesta|conteste|devuelve)(?: solo| sólo| únicamente| brevemente| apenas| só| somente)*(?: (?:en|con|como|em|com|no|formato|una|un|uma|um|la|el|o|json|markdown|yaml|xml|tabla|tabela|lista|frase|frases|palabras|palavras|viñetas|español|inglés|português|inglês|\d+))*|(?:sé|sea|seja) (?:breve|concis[oa])|(?:solo|sólo|só|apenas) (?:la|a) (?:respuesta|resposta)|(?:sin|sem) explicaci(?:ón|ones)|sem explicações"
    r"|(?:per favore,? )?(?:rispondi|risponda|restituisci)(?: solo| soltanto| brevemente)*(?: (?:in|con|come|formato|una|un|json|markdown|yaml|tabella|elenco|frase|parole|italiano|inglese|\d+))*|sii (?:breve|concis[oa])|solo la risposta"
    r"|(?:пожалуйста,? )?(?:ответь|ответьте|отвечай|отвечайте|верни)(?: только| кратко| коротко)*(?: (?:в|на|одним|двумя|формате|виде|json|markdown|yaml|таблицы|списка|предложением|словом|русском|английском))*|(?:кратко|коротко)(?:,? пожалуйста)?|(?:только ответ|без объяснений)"
    r"|请?(?:用|以|按)?(?:json|markdown|yaml|xml|表格|列表|一句话|中文|英文)(?:的)?(?:格式|形式)?(?:来)?(?:回答|回复|输出|返回|作答)(?:我|问题)?|请?(?:尽量)?(?:简短|简要|简洁|简单)(?:地)?(?:回答|回复|作答|说明)?(?:即可|一下)?|请?(?:只|仅)(?:需)?(?:给出|回答|输出|返回)答案(?:即可)?|(?:请)?不要(?:任何)?解释"
    r"|(?:json|markdown|yaml|xml|表|箇条書き|一文|日本語|英語)(?:形式)?で(?:答えて|回答して|返して|出力して|お答え)(?:ください|下さい)?|(?:簡潔に|短く|手短に)(?:答えて|回答して|お願いします|お答え)?(?:ください|下さい)?|(?:答え|回答)(?:だけ|のみ)(?:で|を)?(?:ください|お願いします|教えてください)?|説明(?:は)?不要(?:です)?"
    r"|(?:json|markdown|yaml|표|목록|한 문장|한국어|영어)(?: ?형식)?(?:으로|로) ?(?:답해|대답해|답변해|응답해|출력해)?(?: ?주세요| ?줘)?|(?:간단히|짧게|간결하게)(?: ?답해| ?대답해| ?답변해)?(?: ?주세요| ?줘)?|(?:답만|설명 없이)(?: ?답해)?(?: ?주세요| ?줘)?"
    r"|(?:कृपया )?(?:json|संक्षेप|हिंदी|अंग्रेज़ी)(?: प्रारूप)? में (?:उत्तर|जवाब) (?:दें|दो|दीजिए)|(?:أجب|أجبني|الرد)(?: فقط)?(?: (?:بصيغة|بتنسيق|باختصار|json|جدول|بالعربية|بالإنجليزية))*"
)
"""Sentences about the form, length or language of the answer."""

APPEAL_STARTS = frozenset(
    (
        "never act from if ignore imagine pretend doublecheck esto obrigada obrigado i'd i'll i'm it's this's a again all always and another answer as asante attention be best c'est can check cheers could current das"
        " dear dies do don't double dumb ensure es general genuine good grazie great hello here here's hey hi ho i ich"
        " important it just kind let let's lets look love make many me my no note oi ok one our perfect please"
        " priority quick random read reason regards reply respond right sent short silly simple sincerely small so"
        " stupid sure take thank thanks the think this today's try urgent verify warm warning well wishes with work"
        " would you you're"
    ).split()
)
"""First ASCII words of `APPEALS`, but for those that contain one of `APPEAL_SIGNS`."""

FORM_STARTS = frozenset(
    (
        "about choose pick select add also always and answer antworte antworten apenas at be bitte cite contesta conteste devuelve do don't"
        " eli5 explain fass fasse format geben gib give in include json just juste keep knapp kurz limit list make"
        " markdown max maximum mention no nur ohne omit only output per please por present provide reply respond responda"
        " responde reste restez restituisci restrict return risponda rispondi s'il sans say sea sei seja sem seulement"
        " show sii sin skip sois solo soyez stay tell under use with within without write yaml"
    ).split()
)
"""First ASCII words of `FORMS`."""

APPEAL_SIGNS = "#:="

_NAMED = r"(?:(?:anthropic|openai|google|xai)(?:'s)? )?(?:(?:claude|gpt|gemini|grok|deepseek|llama|mistral|qwen|kimi|glm|chatgpt)[\w .-]{0,16}|opus|sonnet|haiku|fable|mythos|o[134]|o[34]-\w+)(?: \d[\d.]*)?(?: (?:high|max|pro|ultra))?"
SWITCHES = r"(?:(?:no|ultra|mega|deep|hyper|use|set|max|high|low)[_-]?)?(?:think|reason|effort|model|tier|quality|verbosity|budget|opus|sonnet|haiku|claude|gpt|chatgpt|gemini|grok|llama|mistral|qwen|o[134]\b)"
"""Beginnings of switches of a model or its effort; any other at a sentence's end is a part of it ("git rebase --onto")."""

HINTS = (
    rf"(?:please |only |always |you must |make sure to )*(?:use|ask|call|choose|pick|select|take|try|let|prefer|route(?: this)? to|send (?:this|it) to|forward (?:this|it) to|escalate(?: this| it)? to|switch to|answer with) (?:only )?{_NAMED}(?: (?:for|on|with|answer|handle|do) (?:this|it|that|everything)(?: \w+){{0,2}})?"
    rf"|(?:only )?{_NAMED} (?:only|should|must|may|has to|needs to)(?: only)? (?:answer|handle|do|solve|take)[^?\n]{{0,40}}"
    rf"|(?:please )?(?:do not|don't|never) use (?:a |an |any |the )?(?:small|cheap|weak|mini|fast|tiny|smaller|cheaper|weaker|{_NAMED})(?: (?:models?|llms?|ones?))?"
    r"|(?:system ?[:>-] ?)?(?:this|the) (?:request|question|task|prompt|query|one) (?:requires|needs|demands|deserves|calls for|must get|must use)[^?\n]{0,50}(?:capability|capabilities|intelligence|reasoning|model|power|quality|effort)"
    r"|\[?(?:model|router|routing|tier|quality|effort) ?[:=] ?[\w.-]+\]?|system ?:?"
    r"|\[\[[^\]\n?]{1,60}\]\]|(?:ultra|mega|deep)[ -]?think(?:ing)?|think (?:harder|deeply|more|ultra hard)|[#/@]{1,2}[a-z][\w-]{1,24}(?:[=:][\w-]+)?|--[\w-]{2,24}(?:[= ][\w-]+)?"
    r"|\((?:in [\w ]{1,20}|[\w -]{1,20}[:=] ?[\w -]{1,20})\)"
)
"""Sentences that tell a router or an assistant which model should answer."""

STRONGEST = (
    "strongest|best|smartest|largest|biggest|most (?:capable|powerful|advanced|expensive|intelligent)|top|premium|cheapest|smallest|stärkst|beste[nsr]?\\b|größt|schlau(?:st|est)|teuerst|billigst"
    "|mejor|más (?:potente|fuerte|capaz|inteligente|grande|barato)|meilleur|plus (?:puissant|fort|grand|intelligent|cher)|miglior|più (?:potente|forte|grande|intelligente)|melhor|mais (?:forte|potente|capaz|inteligente|poderoso)"
    "|мощн|лучш|сильн|умн|najlepsz|najsilniejsz|en (?:güçlü|iyi|büyük)|sterkste|beste|最强|最好|最大|最强大|最聪明|最強|最高|最良|강력한|최고|가장|الأقوى|الأفضل|أقوى|أفضل|सबसे|bora zaidi|yenye nguvu"
)
MODELS = ("model", "modèle", "llm", " ai", "модел", "模型", "モデル", "모델", "نموذج", "मॉडल")
USING = (
    "\\b(?:use|using|choose|pick|select|route|take|nimm|nimmt|verwende|benutze|nutze|wähle|usa|usar|usad|utiliza|elige|utilise[rz]?|choisi\\w+|usi|scegli|utilizza|escolha|utilize|используй\\w*|выбери\\w*|использ\\w+|użyj|wybierz|kullan\\w*|gebruik|kies|tumia)\\b"
    "|使用|用|选|選|使って|使い|선택|사용|استخدم|اختر|उपयोग|इस्तेमाल|चुन"
)
"""Words that together, in one sentence, request a model."""

OPEN_ENDS = frozenset(
    (
        "can could would will should may must do does did how i you avec mit con com met auf von de di a an the to of in at for with from by about on as into like than between or and is are was were be means mean says say said saying"
        " titled called named reads read sings sang wrote write directed starring stars word words phrase term command flag option switch"
        " parameter setting argument token tag hashtag mode song book film movie show line lyrics answer these options choices answers values labels buttons items"
    ).split()
)
"""Last words of a text that goes on."""

REWORDS = (
    "translat|rephras|reword|paraphras|proofread|spell[- ]?check|classif|punctuat|capitali[sz]|tokeni[sz]|correct"
    "|übersetz|korrigier|formulier|tradui|corrig|reformul|traduc|traduz|reescri|riscriv|перевед|исправ|перепиши|翻译|翻訳|英語に|日本語に|번역|영어로"
    "|ترجم|अनुवाद|अंग्रेज़ी में|przetłumacz|popraw|vertaal|verbeter|[^\\W\\d_]+ çevir|dịch|sửa"
)
"""Beginnings of requests for other words for a text."""

ON_TEXTS = (
    rf"{REWORDS}|rewrit|summari[sz]|improv|shorten|polish|edit|make (?:it|this)|reply|respond"
    "|is (?:this|the following)|does this|what does this|say|kürz|fasse|résum|resum|riassum"
)
"""Beginnings of requests for work on a text."""

GIVEN_TEXT = (
    "(?:this|these|the following|my|diese\\w*|folgende\\w*|este|esta|cette|ce|questo|questa|это\\w*)(?: \\w+)? (?:sentences?|phrases?|messages?|e?-?mails?|letter|prompts?|text|tweet|review|comment|quotes?|line|greeting"
    "|closing|sign[- ]off|signature|wording|grammatical|polite|rude|formal|spam|phishing|article|page|link|url|website|site|satz|nachricht|frase|texto|testo|предложение|текст)"
)
"""Names of a given text, and what is asked of one."""

SIGN_OFFS = (
    "--(?=\\s*\\n)|(?:best|kind|warm|with kind|with best)? ?(?:regards|wishes)|cheers|sincerely|yours(?: truly| sincerely| faithfully)?|many thanks|thanks|thank you|best|br|sent from my"
    "|mit (?:freundlichen|besten|lieben|herzlichen) grüßen|(?:viele|beste|liebe|freundliche) grüße|mfg|lg|cordialement|bien à vous|saludos|un saludo|atentamente|cordiali saluti|atenciosamente|с уважением|pozdrawiam|saygilarimla"
)
"""Beginnings of a mail's closing."""

FOOTERS = (
    r"(?=[^\n]*(?:mail|message|communication|nachricht|mensaje|correo|courriel|messaggio|письм|сообщени|邮件|メール))"
    r"[^\n]*(?:confidential|intended (?:solely|only|exclusively) for|privileged|(?:it|this \w+) in error|consider the environment"
    r"|unsubscribe|vertraulich|confidencial|confidentiel|riservat[oa]|конфиденциальн|保密|機密)"
)
"""Legal footers of mails."""

BEGINNINGS = (
    r"/(?:no_?)?think\b(?! (?:is|isn't|does|doesn't) )[ :,]*|"
    r"(?:just|only) (?:curious|wondering|asking|checking),? |out of (?:sheer |pure )?curiosity,? |quick question,? |by the way,? |btw,? "
    r"|(?:@|/)(?:bot|assistant|ai|gpt|chatgpt|claude|gemini|copilot|grok|ask|chat|prompt|query)\b(?! (?:is|isn't|does|doesn't) )[ :,]*"
    r"|(?:as|speaking as) an? [\w ]{2,30}, i(?: would like to| want to)? ask:? |(?:very |extremely |super )?(?:important|urgent)[!:]+ "
)
"""Introductions of a question in the same sentence."""

BEGINS = tuple(
    (
        "just only out quick by btw @bot @ass @ai @gpt @cha @cla @cop @gro @gem /think /no /as /cha /ai /gpt /pro /qu /bot as speak very"
        " extremely super import urgent"
    ).split()
)
"""Beginnings of these."""

DECODE = (
    r"(?:please )?(?:decode|read|translate|convert) (?:this|the following|it)(?: (?:base ?64|hex\w*|text|string|message|code))*"
    r"(?:,? and (?:then )?(?:answer|reply|respond|solve|do)(?: to)?(?: (?:it|this|that|the question|what it says))?)?[:. \n]*"
)
"""Requests before a text in base64."""

HEADS = "question|query|q|prompt|user|human|instruction|task|request|message|frage|pregunta|domanda|pergunta|вопрос|问题|質問|질문"
ANSWERS = "answer|a|response|assistant|ai|model|bot|output|antwort|respuesta|réponse|risposta|resposta|ответ|答案|回答|답변"
"""Headings of a text that is one question, and of the answer below it."""

MAIL_FIELDS = "from|to|cc|bcc|date|sent|subject|reply-to|von|an|gesendet|betreff|datum|de|para|asunto|fecha|objet|à|oggetto|assunto"
"""Fields of a mail's header."""

QUOTES = (
    "(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré"
    "|mensaje original|mensaje reenviado|messaggio originale|mensagem original|исходное сообщение|пересылаемое сообщение)"
)
WROTE = "(?:wrote|schrieb|écrit|escribió|scritto|ha scritto|escreveu|пишет|написал)"
"""Lines above a quoted or forwarded mail."""
