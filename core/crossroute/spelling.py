"""How many tokens words of Latin letters make, by how they are spelt.

Words of English, and of what is written like it, are mostly a token each; of languages that tokenizers have seen less
of, most are several. A letter is dearer behind one that seldom stands before it in English.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from operator import add

from crossroute.patterns import lazy

Tokens = tuple[float, float]
"""Of the newer vocabulary, and of the older one."""
NO_TOKENS: Tokens = (0.0, 0.0)

MARKED_LETTER = "À-ÖØ-öø-ɏḀ-\u1eff"
UPPER, LOWER = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ɏḀ-\u1eff"
FOREIGN = lazy(rf"[^\x00-\x7f{MARKED_LETTER}]+")
WORD = lazy(rf"[{UPPER}]?[{LOWER}]{{1,9}}")
LONGEST_PIECE = 10
SIGNS = ".,;:!?()[]{}\"'*_"
"""Around a word."""

KNOWN_WORDS = 16_384
"""Words that are remembered."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NEWER = (
    "xmmnopmlxsoynynsyqorulpovuqefiunjeotikkhpppmkhkltliromnoknmrnioklptmnikjinmnqoookmlnnjqlkaongoopphsnonsr"
    "lonvlpnunlsnmtjontoqrnrnupqladnqoiorspkjuktlfpnnmdmspknmgplomoognomnnmnlknnnmnvrqmjmplospooqropqprknqnko"
    "ronmonmnrolnlmtpookhroknsntodljjoasjokrgahnqljzjuojnsnompnmoqnlnntwnnnmnonlnnlpnqnqisdsptppnsnlqqopplnpp"
    "npnhnknkjlljelnonkoqnnpnfnkmnslmqsmpohqqljnqsosnqorokpdhnghansojhtpnqohirjlrrlqnfkpkivjnrqklnsrjipekglkm"
    "knnmlonnknqglohkngndqnnnpnuonsunnnxnnoooqnrnopdnnnpnnnehmmmkprrgjnmnmnkkplrnpkrrzmkmqrlnztqostopbimumntf"
    "tpmsjmpblrjjpsjpomvrqmsuluimnvfsoqksjkkipgziiiqnjpisrnnninnnsmmnmpkonmpopznnrotnotqnnjlonmnmlmnokpsnnnqn"
    "qnjmunnnpnnnmnnknnynpnonnnioopsponwpntnuljqrmnnnqngropmrmnoztopktopmnrlmnnlnjp"
)
_OLDER = (
    "vojmnlnlvqpultrpvomptpmltprggiwpkiptijkjqprjjhqmqmhqmmmnhnlunknllptmnkikjnmnmnonjmjnnmpmgboninnpphpnnnsm"
    "lonukpnvolqnnqjontmqrnrnrnqnbdpqojtquqlkuhpjhpqnocoqqmnnipmplooknrmnnmnllnonoowsqoimnoqqoonpooonqqonpnlo"
    "ronmlonmtomqmmqpnrmkuppnsnrlcljmneqnolpeafppjjyirppmqnnomnnnqnmmnttnnnmnrnnnonnnqpnjoduqqqqltnlqsosqnnqo"
    "nnninknmjrkhlmonokpnnnqnenlmnqkorvnnoinpkinpspsoonpolodhmiganqmlktnppoehqinopmpjhkrllukqoolkmqphioenanmm"
    "nnnllpnojnogmoljnkmfpmonnnsnnrtnnnvnnoooqnqnnodnnnonmngklmklqqogjolmmmkkomqnnjuquninrqmowtnnprnpammtnnqe"
    "rokrjlqbnrjkosknolvmqootiujkkuhpopmsmjljqhxjigppnnjsonnninnnrnmompmonnpopwnnpounqstnnnlnmnnmlnnokoonmnpn"
    "qnkntnnnonnnmnmknntoonnnmnkonurqqnwoqsounkormnmnonipopmpmnnrwnonsnpnnqmmpoknkn"
)
BESIDE = {
    first + letter: (0.075 * (ord(newer) - ord("n")), 0.1 * (ord(older) - ord("n")))
    for (first, letter), newer, older in zip(product(" " + LETTERS, LETTERS), _NEWER, _OLDER, strict=True)
}
"""A letter, or the beginning of a word, and the letter after it -> tokens that the latter is more than usual.

Fitted by ridge regression on the messages of packages in 75 languages of Latin script; languages that were left out of
the fit, with their relatives, are off by 10 % in the mean. `benchmarks/spelling_rates.py` fits them again.
"""
A_LETTER: Tokens = (0.324, 0.422)
"""A letter of a word without any such pair."""
MARKED: tuple[Tokens, ...] = ((0.418, 0.813), (0.389, 0.699), (-0.011, 0.866))
"""More for a letter with a mark: up to ÿ, up to ɏ, with two marks."""
DEARER, UNSURE = 0.8, 7.0
"""Times as many tokens as pieces, at least, before letters are counted in their place: the latter over words more."""
PROSE = 0.6
"""Of a text's characters, blanks apart, in words of letters alone, at least."""
ENGLISH = frozenset(
    """what how you your it this can which please the and of with that from
    who when where why does should could would they their there these those about into after before because between
    many much more some any each every first last new good other another only also than then
    write find give make need help explain show tell know think want look call work run keep change create build
    year people way day thing woman life child world school family student country company government night home mother
    money story month right study book eye job word business issue house friend father power hour game city community
    """.split()  # noqa: SIM905 - prose
)
ENGLISH_SHARE = 0.19
"""Of the words of English texts, such common ones, at least; of texts in other languages hardly any are."""
BEGINNING = 1000
"""Characters of a text that are looked at for it."""


def rate_letters(text: str, words: Sequence[str] | None = None) -> Tokens | None:
    """Return the tokens of a letter where words make more tokens than pieces, by how a text's beginning is spelt.

    Few words of English, and of what is written like it, are more than a token; of Basque or Zulu most are several.

    Args:
        text: The text.
        words: Its words in lower case, if known; used for a text no longer than `BEGINNING`.
    """
    if words is None or len(text) > BEGINNING:
        words = text[:BEGINNING].lower().split()
    if sum(map(ENGLISH.__contains__, words)) >= ENGLISH_SHARE * len(words):
        return None
    columns = list(zip(*map(measure_spelling, words), strict=True))
    length, letters, pieces = map(sum, columns[:3])
    if letters < PROSE * length or not letters:
        return None
    newer, older = (usual + sum(more) / letters for usual, more in zip(A_LETTER, columns[3:], strict=True))
    return (newer, older) if newer * letters > pieces * (DEARER + UNSURE / len(set(words))) else None


@lru_cache(KNOWN_WORDS)
def measure_spelling(word: str) -> tuple[int, int, int, float, float]:
    """Return a word's length, its letters and pieces if it is one of letters, and what its letters take more."""
    bare = word.strip(SIGNS)
    length = len(bare)
    if bare.isascii() and bare.isalpha():
        pairs = map(BESIDE.__getitem__, map(add, f" {bare}", bare))
        newer, older = map(sum, zip(*pairs, strict=True))
        return len(word), length, -(-length // LONGEST_PIECE), newer, older
    if not FOREIGN.sub("x", bare).replace("-", "").replace("'", "").isalpha():
        return len(word), 0, 0, 0.0, 0.0
    more = [NO_TOKENS, *(BESIDE.get(pair, NO_TOKENS) for pair in map(add, f" {bare}", bare))]
    more += [
        MARKED[(letter > "\xff") + (letter > "\u1dff")]
        for letter in bare
        if "\xbf" < letter < "\u0250" or "\u1dff" < letter < "\u1f00"
    ]
    newer, older = map(sum, zip(*more, strict=True))
    letters = WORD.findall(bare)
    return len(word), sum(map(len, letters)), len(letters), newer, older
