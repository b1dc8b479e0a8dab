"""Recognize sentences that only greet, thank, apologize, praise or plead ("asides"), by their words.

Courtesies have endless variants of few words. So a sentence is an aside if all of its words are in one set, and at
least one is courteous by itself: "I hope this finds you well" is one, "I hope this compiles" is not. For scripts
without spaces, `wordings` lists the clauses.
"""

# ruff: noqa: E501, RUF001, SIM905 - lists of words of many languages

from __future__ import annotations

import re

from crossroute.reading.wordings import COURTESIES

LONGEST = 160
"""Most characters of an aside."""

FEW_WORDS = 3
"""A clause of fewer words is an aside only if it greets, thanks or praises."""

JOINING = frozenset("and or but as if when und oder aber et ou mais y o pero e и или но".split())
"""First words of a clause that continues the one before it."""

LISTED = re.compile(r"(?:, ?| )(?:or|oder|ou|или)\b|, (?:and|und|et|y|e|и) \w+\W*\Z")
"""The last item of a list, or a choice."""

QUOTE = re.compile(r"[\"“”„«»「」]|(?<!\w)'|'(?!\w)")
"""A quotation mark."""

OTHERWISE = re.compile(r"[?\n]|:\s")
"""What no courteous clause contains."""

ENDS = " ?!.¿¡"
"""Characters that are stripped from the ends of a sentence."""

WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])+")
"""A word, including the vowel signs of India's scripts, which Python's `\\w` leaves out."""

_ITEM = r"\A\s*(?:\(?\w{1,2}[).:]|[-*•])\s"
"""The number or bullet of a list item, which is no aside."""

SIGNS = re.compile(rf"[{{}}<>=`\\#@%^|]|{_ITEM}")
"""What no aside contains."""

EXPRESS = frozenset(
    (
        # greetings, thanks, wishes
        "hi hello hey hiya heya howdy greetings hope hoping thanks thank thankful thx ty tysm grateful gratitude appreciate"
        " appreciated obliged cheers regards wishes wish welcome bye goodbye enjoy respect bless sincerely cordially yo ta faithfully owe evening"
        # excuses
        " sorry apologies apologize apologise excuse pardon forgive bother bothering bothered disturb disturbing silly dumb"
        " stupid noob newbie ignorance"
        # requests for help
        " please pls plz help helping helpful assist assistance advice favour favor wondering wondered wonder curious"
        " question questions stuck struggling struggle lost confused desperate puzzled clueless beg begging appeal trust"
        " urgent urgently hurry rush asap deadline quick quickly fast important crucial critical patience patient homework exam thesis assignment pointers tips guidance insights clue priority"
        # other languages
        " danke dank hoffe hallo servus moin grüezi entschuldige entschuldigung entschuldigen verzeihung verzeihen bitte hilfe"
        " helfen helft gruß grüße frage wichtig dringend herzlichen herzlich guten"
        " bonjour bonsoir salut merci espère désolé désolée pardon excusez excuse déranger remercie aider aide cordialement"
        " question urgent svp bonne"
        " hola gracias espero perdona perdón disculpa disculpe disculpen siento ayuda ayudar ayudarme agradezco agradecería"
        " saludos favor pregunta duda buenos buenas urgente"
        " ciao buongiorno buonasera salve grazie spero scusa scusi scusate aiuto aiutarmi ringrazio saluti domanda buona"
        " olá oi obrigado obrigada desculpa desculpe espero ajuda ajudar agradeço abraço dúvida bom boa"
        " شكرا شكراً مرحبا السلام عليكم أرجو آمل عفوا آسف أعتذر مساعدتك مساعدتي ممتن"
        " नमस्ते धन्यवाद शुक्रिया कृपया आशा मदद क्षमा माफ़ आभारी"
        " merhaba selam umarim teşekkürler teşekkür umarım lütfen yardım yardımcı kusura sorum"
        " cześć dziękuję dzięki proszę przepraszam pomoc pozdrawiam pozdrowienia mam nadzieję"
        " hoi dank bedankt alsjeblieft hallo dag alstublieft hopelijk excuses groeten groetjes hulp"
        " hej tack tak snälla hoppas ursäkta hälsningar hjälp hjälpen takk vennligst hilsen"
        " halo terima kasih tolong maaf semoga mohon bantuan salam"
        " cảm ơn xin chào vui lòng hy vọng làm ơn giúp привіт дякую вибачте сподіваюся γεια ευχαριστώ παρακαλώ ελπίζω συγγνώμη"
        " здравствуйте привет спасибо надеюсь извините простите извини прости помогите помочь помоги благодарю благодарен"
        " благодарна вопрос срочно добрый доброе добрая заранее пожалуйста хорошего"
    ).split()
)
"""Words of which a clause that is an aside has at least one."""

COURTEOUS = EXPRESS | frozenset(
    (
        # stated difficulty
        "hard harder difficult easy simple trivial tricky tough challenging complex olympiad imo"
        # praise
        " amazing awesome great brilliant wonderful fantastic best perfect rock legend genius smart smartest nice"
        # pleas, and wishes about the answer
        " carefully thoroughly correctly mistakes accurate accurately honest honestly hallucinate fluff twice together tomorrow tonight worth points mistake thoughts ideas sense unclear reply hearing mind ok okay"
        " ahead dear mate luck forward hesitate hurts stakes counting crazy mad nuts ffs screw damn wtf omg lol jeez fuck fucking shit crap bloody hell goddamn"
    ).split()
)
"""Words of which a sentence that is an aside has at least one."""

FOR_HELP = frozenset(
    (
        "help assist answer solve favour favor thoughts ideas sense advise"
        " helfen hilfe aider aide déranger ayudar ayudarme ayuda aiutarmi aiuto ajudar ajuda помочь помогите"
    ).split()
)
"""Words of which an aside with a question mark has at least one; most other questions of common words are real ones."""

HELP_WORDS = FOR_HELP | frozenset(
    (
        "please pls can could would will able possibly perhaps kindly really somehow there quickly now today may might i you me us someone somebody anyone anybody a an some any small little"
        " quick big be so kind as to out with this that one it something do does make need ask for just here of your"
        " können könnten kannst könntest sie du mir uns bitte kurz dabei damit pouvez pourriez peux vous tu m nous puedes"
        " podrías puede podría me por con esto puoi potresti può potrebbe con questo você pode poderia com isso не могли бы"
        " вы можете можешь мне с этим"
    ).split()
)
"""All words that such an aside may contain."""

ASIDE_WORDS = COURTEOUS | frozenset(
    (
        "a an the before ahead silly sound sounds may high highly score rate rated hundred dearest reader yours fully own sir madam assistance great dont cant wont im ive id u r this that these it its i me my mine you your yours we us our there here everyone all"
        " anyone anybody someone somebody something anything everything nothing one ones s m re ve ll d t am is are was"
        " were be been being have has had having do does did done doing don can could cannot will would should shall may"
        " might must want wanted need needed get got getting go going goes gonna let know knows ask asking say saying make"
        " makes made making take takes taking give giving feel look looking find finds see figure understand solve answer"
        " answers answering and or but so as if when while though because since for from to of in on at with without about"
        " by into out up over not no never ever very really truly so too also just only quite much many lot lots bit little"
        " tiny small big huge more most such well good better fine okay glad happy pleased kind kindly lovely sweet sugar"
        " pretty top sorry bad right wrong hard harder tough tricky difficult easy simple basic trivial complex challenging serious"
        " seriously again once twice first second next last far long short late early now today tonight tomorrow yesterday"
        " soon later always already still yet since ago time times moment moments minute minutes hour hours day days week"
        " weeks weekend month months year years morning evening afternoon night monday tuesday wednesday thursday friday"
        " saturday sunday ahead advance million thousand world life lives job work effort opinion expert expertise support"
        " response message request favours favors way ways thing things stuff part hand hands heart heartfelt health god"
        " friend friends assistant bot ai sir madam team folks guys guy man buddy pal boss professor teacher colleague"
        " colleagues mom dad mother father sister brother wife husband daughter son kids kid student beginner new here"
        " back busy saved save free possible able sure whenever wherever anyway anyways well yes yeah then else any some both each"
        " every other another value valued mean means level levels phd graduate problem problems task tasks exercise puzzle class trained get gets correct uninstall kindly myself yourself bottom love loved"
        " believe think thinking thought try trying tried tries driving drive drives keep keeping put ten five two three"
        " few couple half past whole entire forever infinitely extremely incredibly absolutely totally completely deeply"
        " dearly care careful talk chat meet meeting reading read seen count depends ready start"
        " ich du er sie es wir ihr mir mich dir dich uns ihnen ihre ihrer deine deiner euch mein meine der die das den dem ein"
        " eine einen einer ist sind geht gut noch sehr ganz vielmals vielen viele liebe lieben liebes ki schönen schöner tag"
        " abend morgen mittag woche wochenende im voraus für die dass kannst könnten können könntest etwas kurz kurze zeit mit"
        " von und wäre wirklich zu störung bei hab habe da mal nur allen gerne weiter freundlichen freundliche"
        " je j tu il elle nous vous t m te me que qu allez vas va vais bien beaucoup infiniment d de avance par journée soirée"
        " et une un petite le la les pour votre ton temps tout tous très mille si pouvez pourriez peux c est ai de du bon jour"
        " yo tú usted te le me que estés esté bien muy mucho mucha muchas mil tengas tenga un una buen buena día tarde tardes"
        " noche noches y por de antemano adelantado la el lo molestia si puedes puedo puede podrías tu su con esto tiempo todo"
        " vaya días lamento la es pequeña"
        " che tutto vada bene stia infinite mille buon giornata serata anticipo in per il la tuo suo tempo un una e ti vi mi"
        " disturbo puoi potresti con di molto tante cara caro piccola è"
        " que esteja tudo bem muito muita um uma dia tarde noite por e pelo incômodo me você pode poderia com isso antecipadamente"
        " seu sua tempo lhe te meu de desde já tenha é"
        " جزيلا جزيلاً لك لكم على من فضلك كثيرا جدا أن تكون تكونوا بخير مقدما يا صديقي هل يمكنك في يومك سعيد وقتك الخير صباح مساء"
        " आपका आपकी बहुत बहुत के लिए है हूँ मैं कि आप ठीक होंगे करता करें मेरी और दिन शुभ"
        " çok ederim şimdiden iyi günler için bakmayın bir var bana yardımınız size sana olur musun misiniz iyisindir"
        " bardzo z góry za miłego dnia że u ciebie pana wszystko dobrze w porządku i"
        " u je jullie wel alles gaat is hopelijk heel erg veel alvast voor een fijne dag met vriendelijke het gaat goed vragen van harte"
        " så mycket för på förhand din hjälp allt är bra en fin dag mange for"
        " banyak anda atas bantuannya baik baik saja hari yang menyenangkan rất nhiều bạn nhiều khỏe một ngày tốt lành"
        " у вас всё дуже за вам усе σας σου πολύ καλημέρα όλα καλά все хорошо большое огромное и дня день вечер утро за беспокойство что мне вы ты можете можешь вам вас тебе"
        " меня с этим очень ваше время помощь в не могли бы нужна ваша есть вечера дела идут"
    ).split()
)
"""All words that an aside may contain."""

ON_FORM = frozenset(
    (
        "answer answers answering reply respond response responses output boxed json xml yaml tags format confidence tl dr"
        " preamble"
    ).split()
)
"""Words of which a sentence about the form of the answer has at least one."""

FORM_WORDS = ON_FORM | frozenset(
    (
        "please only just your the a an it its this in into as with inside within using put give provide return place keep"
        " make be at most least under over than no more less fewer up to max maximum minimum limit around about exactly and or"
        " then before after first last from by between step steps think reason reasoning show work do don t not without any"
        " anything nothing else of for each one two three four five ten twenty hundred single plain valid raw strict correct"
        " percent score scale rate end start begin finish followed enclose enclosed"
        " wrap wrapped surround structured object key keys field fields named called form style final short brief briefly"
        " concise concisely direct directly simple clear detailed explanation explanations explain sentence sentences word"
        " words paragraph paragraphs line lines characters tokens bullet bullets points markdown html csv latex table list"
        " box dr must should will always also you i we me your result results full complete that as possible use polite formal informal"
    ).split()
)
"""All words that such a sentence may contain, apart from numbers."""

FORM_SIGNS = re.compile(rf"[?\n]|{_ITEM}")
"""What no such sentence contains."""

HOW_ARE_YOU = re.compile(
    r"(?:and )?how(?: are|'s| is| have| did)(?: (?:you|it|things|everything|life|your|all|been|doing|going|today|day|week|weekend|keeping|feeling|morning|this|are|go))+"
    r"|what's up|wie geht(?:'s| es)(?: dir| ihnen)?|(?:comment )?ça va|comment allez-vous|¿?(?:cómo|qué) (?:estás|está|tal)|come (?:stai|sta|va)"
    r"|como (?:vai|está)|tudo bem|как (?:дела|вы|ты)"
)
"""Questions about the reader's health."""


def is_aside(sentence: str) -> bool:
    """Return whether a sentence only greets, thanks, apologizes, praises or pleads.

    Args:
        sentence: In lower case.

    >>> [is_aside(each) for each in ("i hope this finds you well.", "could i ask you a small favour?", "you rock!")]
    [True, True, True]
    >>> [is_aside(each) for each in ("i hope this compiles.", "is this hard?", "best of what?", "help me fix it")]
    [False, False, False, False]
    """
    if len(sentence) > LONGEST:
        return False
    words = WORD.findall(sentence)
    if "?" not in sentence and "؟" not in sentence:
        courteous = ASIDE_WORDS.issuperset(words) and not COURTEOUS.isdisjoint(words)
    elif HELP_WORDS.issuperset(words):
        courteous = not FOR_HELP.isdisjoint(words)
    else:
        courteous = HOW_ARE_YOU.fullmatch(sentence.strip(ENDS)) is not None
    if not courteous or SIGNS.search(sentence):
        return False
    return len(words) >= FEW_WORDS or not sentence.rstrip().endswith(":")  # a heading


def is_about_form(sentence: str) -> bool:
    r"""Return whether a sentence only says in which form to answer, not which answers there are.

    Args:
        sentence: In lower case.

    >>> [is_about_form(each) for each in (r"put your final answer in \boxed{}.", 'return {"answer": ...}')]
    [True, True]
    >>> is_about_form("respond with positive or negative"), is_about_form("answer with the number")
    (False, False)
    """
    if len(sentence) > LONGEST or FORM_SIGNS.search(sentence):
        return False
    words = [word for word in WORD.findall(sentence) if not word.isdecimal()]
    return (
        (len(words) >= FEW_WORDS or "{" in sentence)
        and FORM_WORDS.issuperset(words)
        and not ON_FORM.isdisjoint(words)
    )


def is_aside_clause(clause: str) -> bool:
    """Return whether the clause before the first comma, or after the last one, is an aside; an item of a list is not.

    >>> [is_aside_clause(each) for each in ("hi", "i hope you're doing well", "best", "so kind please help me")]
    [True, True, False, True]
    """
    words = WORD.findall(clause)
    if (
        not words
        or words[0] in JOINING
        or OTHERWISE.search(clause)
        or LISTED.search(clause)
        or is_within_quotes(clause)
    ):
        return False
    core = EXPRESS if len(words) >= FEW_WORDS else COURTESIES
    return not core.isdisjoint(words) and is_aside(clause)


def is_within_quotes(sentence: str) -> bool:
    """Return whether a sentence or clause begins or ends within a quotation.

    >>> is_within_quotes('thank you!" mean?'), is_within_quotes('say "thank you"'), is_within_quotes("it's fine")
    (True, False, False)
    """
    return len(QUOTE.findall(sentence)) % 2 == 1


def may_hold_aside(line: str) -> bool:
    """Return whether the first or last clause of a line may be an aside; a fast check without false negatives.

    Args:
        line: In lower case, with a comma.
    """
    return may_be_aside(line.partition(",")[0]) or may_be_aside(line.rpartition(",")[2])


def may_be_aside(clause: str) -> bool:
    """Return whether all words of a clause occur in asides; without this, neither it nor a longer clause is one."""
    return ASIDE_WORDS.issuperset(WORD.findall(clause.lower()))
