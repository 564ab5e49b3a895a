"""Texts of the layouts that people write, and of texts that only nearly are, to hold swift reading against the parser.

All come from a `random.Random`, so that one number names a text.
"""

from __future__ import annotations

from random import Random

from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import FloatText, IntText, PlainScalars

_PLAIN = (
    "on|off|true|False|no|y|SPB|annual|12|0123|-5|+7|1.50|1e3|1_000|22:22|0x1F|0o17|2026-02-30|20.60 EUR"
    "|it@contoso.example|a b  c|a#b|a:b|http://x/y?z=1|5%|50 # x|ä|größer als|<<|=|(x)|it's|a\"b|C:\\x|x-|.5|..|..."
    "|a, b|a]|a}|v1.0.0|~x|$1|日本"
).split("|")
_ODD = (
    "~¦null¦.inf¦-.INF¦.nan¦1e999¦&a¦*a¦!x¦!!str a¦%a¦@a¦`a¦? a¦?a¦- a¦-¦--¦?¦:¦: a¦:a¦a: b¦a:¦#¦# a¦ ¦,a¦<<¦\\"
    '¦[¦{¦]¦}¦,¦\'¦"¦\'a¦"a¦\'it\'\'s\'¦\'a\' b¦"a" "b"¦\'a\'#b¦"a" #b¦"a\\nb"¦"\\u00e4"¦|¦>¦|-¦>-¦|+'
    '¦[a¦{a¦{a: b¦[a, b]]¦{a: b}}¦{a}¦{a: }¦{: b}¦{a: b, a: c}¦[a: b]¦{a: b,}¦[a,]¦[,]¦{,}¦{a:b}¦{"a":b}¦[a #b]¦[a:b]'
    "¦---¦...¦--- a¦<<: a¦*a : b¦\ta¦a\t¦a\tb¦a \t# b¦\r¦a\rb¦\x00¦\x7f¦\x85¦\x9f¦\xa0¦\xad¦\u2028¦\u2029"
    "¦\ufeff¦\u200b¦\u202e¦\ud800¦\U000e0041¦\U0001f389¦\u3000"
).split("¦")
_KEYS = "a b c facts labels product term seats 1 true null x.y a-b a/b _x A".split()
_ODD_KEYS = [*_KEYS, *"@x -x ?x ! # ä <<".split()]
_COMMENTS = ("", "", "", "", " # why", "  #", " #a: b", " # 'x", " # {", " # ä", "   ")
_ODD_COMMENTS = (*_COMMENTS, "#glued", " # \t", " # \x85", "\t#")
_SIGNS = "ab01 \n\t:-?#,[]{}&*!|>'\"%@`~.\\<=_ä\r\x85\u2028\ufeff\x00\x7f"


def scalar(random: Random, odd: float = 0.0) -> str:
    """A scalar as it is written: plain, in quotes, or, as often as `odd` says, something else."""
    if random.random() < odd:
        return random.choice(_ODD)
    text = random.choice(_PLAIN)
    return random.choice((text, text, text, f'"{text}"', f"'{text}'", '""', "'a: b # c'", '"{[*"', "' '"))


def flow(random: Random, odd: float = 0.0, depth: int = 0) -> str:
    """A collection in brackets on one line."""
    inner = [
        flow(random, odd, depth + 1) if depth < 3 and random.random() < 0.2 else scalar(random, odd)
        for _ in range(random.randrange(4))
    ]
    space = random.choice(("", "", " "))
    comma = random.choice((", ", ", ", ",", " , ", ",  "))
    if random.random() < 0.5:
        return f"[{space}{comma.join(inner)}{space}]"
    colon = random.choice((": ", ": ", ":  ", ":", " : ") if odd else (": ",))
    keys = random.sample(_KEYS, len(inner)) if random.random() < 0.95 else random.choices(_KEYS, k=len(inner))
    quote = random.choice(("", "", "", "'", '"'))
    pairs = [f"{quote}{key}{quote}{colon}{value}" for key, value in zip(keys, inner, strict=True)]
    return "{" + space + comma.join(pairs) + space + "}"


def block(random: Random, indent: int, odd: float = 0.0, depth: int = 0) -> list[str]:
    """The lines of a mapping or a list at this indentation."""
    lines: list[str] = []
    is_list = depth > 0 and random.random() < 0.3
    keys, comments = (_ODD_KEYS, _ODD_COMMENTS) if random.random() < odd else (_KEYS, _COMMENTS)
    for key in random.sample(keys, random.randrange(1, 5)):
        if random.random() < 0.15:
            lines.append(random.choice(("", "   ", "# a", "        # b: c", "  #")))
        name = random.choice((key, key, key, key, f"'{key}'", f'"{key} x"', f"{key} y"))
        head = " " * indent + ("-" + " " * random.choice((1, 1, 1, 3)) if is_list else f"{name}:")
        comment = random.choice(comments)
        form = random.random()
        if form < 0.3 and depth < 4:
            inner = indent + random.choice((2, 2, 2, 4, 1, 3))
            deeper = block(random, inner, odd, depth + 1)
            if is_list:
                column = len(head)
                deeper = [" " * (column - inner) + line if line.strip() else line for line in deeper]
                deeper[0] = head + deeper[0].lstrip(" ")
                lines += deeper
            else:
                if deeper[0].lstrip(" ").startswith("- ") and random.random() < 0.5:
                    deeper = [line[inner - indent :] for line in deeper]
                lines += [head + comment, *deeper]
        else:
            value = flow(random, odd) if form < 0.5 else scalar(random, odd)
            lines.append(f"{head.rstrip(' ')} {value}{comment}")
    return lines


def layout(random: Random, odd: float = 0.0) -> str:
    """A whole text."""
    lines = block(random, random.choice((0, 0, 0, 2)), odd)
    if random.random() < 0.2:
        lines.insert(
            0,
            random.choice(
                (
                    "---",
                    "---",
                    "---  ",
                    "# first",
                    "# first",
                    "--- # x" if odd else "",
                    "%YAML 1.2" if odd else "",
                    "..." if odd else "",
                )
            ),
        )
    end = random.choice(("\n", "\n", "\n", "\r\n"))
    return end.join(lines) + random.choice((end, end, "", end * 3))


def mutated(random: Random, text: str) -> str:
    """The text with a few small changes: characters or lines taken out, put in, doubled, swapped or moved."""
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        lines = text.split("\n")
        at, line = random.randrange(len(text) + 1), random.randrange(len(lines))
        match random.randrange(10):
            case 0:
                text = text[:at] + random.choice(_SIGNS) + text[at:]
            case 1:
                text = text[:at] + random.choice(_SIGNS) + text[at + 1 :]
            case 2:
                text = text[:at] + text[at + 1 :]
            case 3:
                text = text[:at] + random.choice(_ODD) + text[at:]
            case 4:
                lines.insert(random.randrange(len(lines) + 1), lines[line])
                text = "\n".join(lines)
            case 5:
                del lines[line]
                text = "\n".join(lines)
            case 6:
                other = random.randrange(len(lines))
                lines[line], lines[other] = lines[other], lines[line]
                text = "\n".join(lines)
            case 7:
                moved = random.choice((-4, -2, -1, 1, 2, 4))
                lines[line] = " " * moved + lines[line] if moved > 0 else lines[line][-moved:]
                text = "\n".join(lines)
            case 8:
                lines.insert(line, random.choice((" ", "  ", "   ", "    ", "\t", "  \t", "")))
                text = "\n".join(lines)
            case _:
                text = text[:at] + chr(ord(text[at]) ^ 1 << random.randrange(7)) + text[at + 1 :] if text[at:] else text
    return text


def slowly(text: str) -> object:
    """What the parser's events alone say of a text; None where they give any complaint, or nothing."""
    found = parse(Document("a.yaml", text), PlainScalars())
    return None if found.diagnostics else found.data


def exact(value: object) -> object:
    """A value with everything that equality overlooks: the types, the order of keys, the texts of numbers."""
    if isinstance(value, dict):
        return [(key, exact(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return (list, [exact(inner) for inner in value])
    return (type(value), value.text if isinstance(value, IntText | FloatText) else value)
