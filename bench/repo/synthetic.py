"""Writes a repository of any size: `python -m bench.repo.synthetic DIRECTORY [FILES COMMITS]`.

The same sizes give the same commits. Files have 20 to 400 lines in six languages and import each
other; a commit changes one to five files that lie near each other, and its subject has their words.
"""

import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import IO

from bench.harness import quiet_environment

FILES, COMMITS = 30_000, 20_000
FILES_OF_A_FOLDER, FOLDERS_OF_A_PACKAGE = 30, 8
FILES_OF_AN_ADDITION = 20
"""Files that each of the first commits brings in, until all are there."""
LINES_MIN, LINES_MAX = 20, 400
FIRST_SECOND, SECONDS_APART = 1_420_070_400, 9_000
_NAMES = "Ada Ben Cleo Dan Eve Finn Gia Hal Ida Jon"
AUTHORS = tuple(f"{name} Example" for name in _NAMES.split())
_NOUNS = """
account address agent alarm amount answer archive article asset audit badge balance banner basket
batch bill block board booking border bracket branch bridge broker bucket budget buffer bundle
button cache calendar campaign card carrier catalog category channel chapter chart checkout client
clock cluster column comment contract coupon course coverage credit currency cursor customer
database deadline deck delivery deposit device digest discount document domain draft driver editor
email employee endpoint engine entity entry envelope event exchange export feature feed field
filter folder font form frame gallery gateway graph grid group guest handler header history
holiday hotel icon image index inbox insight invoice issue item journal key label language layer
ledger lesson letter license limit link list loader locale lock login logo mailbox map margin
market matrix media member memory menu merchant message meter method metric migration mirror
mission model module monitor network node note notice number object offer office option order
owner package page panel parcel parser partner password patch path payment payroll permission
person phone photo plan player plugin policy pool portal position post price printer process
product profile project promise proof property provider proxy quarter query question queue quota
quote rate reader receipt record refund region registry release reminder rental reply report
request reserve resource response result review reward role room route row rule salary sample
scanner schedule schema score screen script search season seat section segment sensor series
server service session setting shard share shelf shift shipment signal site skill slot snapshot
socket source space stage stamp station step stock storage store story stream subject summary
supplier survey switch symbol table tag target task tax team template tenant terminal theme ticket
tile timeline token topic track trade transfer trigger trip unit update upload user vacation value
vendor version video view visit voucher wallet warehouse webhook widget window worker workflow
zone
"""
NOUNS = _NOUNS.split()
_VERBS = """
add apply build cancel check clean close collect compare compute convert copy count create decode
delete encode expire fetch find format group insert join load lock match merge move notify open
order parse print publish read refresh reject remove render replace report reset resolve restore
retry round save scan schedule select send sort split start stop store sum trim update validate
verify write
"""
VERBS = _VERBS.split()
CHANGES = (
    "Fix {verb} of {a} {b}",
    "Let {a} {verb} each {b}",
    "Add {c} to {a} {b}",
    "Speed up {verb} of {a} for {b}",
)
BLOCKS = {
    ".py": '''

def {verb}_{a}_{b}({c}: int, {d}: str = "{n}") -> int:
    """{Verb} the {a} of a {b}, at most {n} at once."""
    if {c} < 0:
        raise ValueError(f"{c} is {{{c}}}; a {b} needs at least 0")
    {e} = {c} * {n}
    for {f} in range({c}):
        {e} += len({d}) + {f}
    return {e}
''',
    ".ts": """
// {Verb} the {a} of a {b}, at most {n} at once.
export function {verb}{A}{B}({c}Count: number, {d}Name = "{n}"): number {{
  if ({c}Count < 0) {{
    throw new Error(`{c} is ${{{c}Count}}; a {b} needs at least 0`);
  }}
  let {e}Total = {c}Count * {n};
  for (const {f}Size of [{c}Count, {n}]) {{
    {e}Total += {d}Name.length + {f}Size;
  }}
  return {e}Total;
}}
""",
    ".go": """
// {Verb}{A}{B} takes the {a} of a {b}, at most {n} at once.
func {Verb}{A}{B}({c}Count int, {d}Name string) (int, error) {{
	if {c}Count < 0 {{
		return 0, fmt.Errorf("{c} is %d; a {b} needs at least 0", {c}Count)
	}}
	{e}Total := {c}Count * {n}
	for {f}Index := 0; {f}Index < {c}Count; {f}Index++ {{
		{e}Total += len({d}Name) + {f}Index
	}}
	return {e}Total, nil
}}
""",
    ".java": """
    /** {Verb} the {a} of a {b}, at most {n} at once. */
    public int {verb}{A}{B}(int {c}Count, String {d}Name) {{
        if ({c}Count < 0) {{
            throw new IllegalArgumentException("{c}: a {b} needs at least 0");
        }}
        int {e}Total = {c}Count * {n};
        for (int {f}Index = 0; {f}Index < {c}Count; {f}Index++) {{
            {e}Total += {d}Name.length() + {f}Index;
        }}
        return {e}Total;
    }}
""",
    ".md": """
## How the {a} {verb}s a {b}

The {c} of each {d} is {n} unless a {e} says otherwise. Where the {f} is closed, the {a} waits for
the next {b}, and the {c} is told. See also the {d} of the {e}.
""",
    ".yaml": """
{a}_{b}_{n}:
  {verb}: true
  {c}: {n}
  {d}: "{e} {f}"
""",
}
"""What a definition looks like in each language."""
SHARES = {".py": 40, ".ts": 25, ".go": 12, ".java": 13, ".md": 6, ".yaml": 4}
TEST_SHARE = 0.2


class File:
    """One file: its topic, what it imports, and its blocks of text."""

    def __init__(self, path: str, topic: Sequence[str], head: str, blocks: list[str]) -> None:
        """`topic` are the words that its name is made of."""
        self.path = path
        self.topic = topic
        self.head = head
        self.blocks = blocks

    @property
    def text(self) -> str:
        """The whole content."""
        end = "}\n" if self.path.endswith(".java") else ""
        return self.head + "".join(self.blocks) + end


def write_repository(root: Path, files: int = FILES, commits: int = COMMITS) -> None:
    """Make a repository at `root`, which does not exist yet, and check its last commit out."""
    root.mkdir(parents=True)
    _git(root, "init", "--quiet", "--initial-branch=main")
    argv = ("git", "-c", "core.compression=1", "fast-import", "--quiet")
    with subprocess.Popen(
        argv, cwd=root, stdin=subprocess.PIPE, env=quiet_environment()
    ) as importer:
        assert importer.stdin is not None
        _write_commits(importer.stdin, files, commits)
        importer.stdin.close()
    if importer.returncode:
        raise RuntimeError(f"git fast-import ended with status {importer.returncode}")
    _git(root, "reset", "--quiet", "--hard", "main")


def _git(root: Path, *args: str) -> None:
    subprocess.run(("git", *args), cwd=root, env=quiet_environment(), check=True)


def _write_commits(stream: IO[bytes], files: int, commits: int) -> None:
    chance = random.Random(f"{files} {commits}")
    additions = -(-files // FILES_OF_AN_ADDITION)
    if additions > commits:
        raise ValueError(f"{files:,} files need at least {additions:,} commits, not {commits:,}")
    found = list(islice(_files(chance), files))
    for number in range(commits):
        if number < additions:
            begin = number * FILES_OF_AN_ADDITION
            changed = found[begin : begin + FILES_OF_AN_ADDITION]
        else:
            changed = _changed(chance, found)
        _write_commit(stream, chance, number, changed)


def _changed(chance: random.Random, files: Sequence[File]) -> list[File]:
    """Rewrite a block of one to five files near each other; some places change more than others."""
    first = int(len(files) * chance.random() ** 2)
    near = range(max(0, first - 10), min(len(files), first + 10))
    changed = [
        files[place] for place in sorted({first, *chance.choices(near, k=chance.randrange(5))})
    ]
    for file in changed:
        place = chance.randrange(len(file.blocks))
        file.blocks[place] = _block(chance, Path(file.path).suffix, file.topic)
    return changed


def _write_commit(
    stream: IO[bytes], chance: random.Random, number: int, changed: Sequence[File]
) -> None:
    topic = changed[0].topic
    subject = chance.choice(CHANGES).format(
        verb=chance.choice(VERBS), a=topic[0], b=topic[1], c=chance.choice(NOUNS)
    )
    message = f"{subject} (#{number + 1})\n\nThe {chance.choice(NOUNS)} of {topic[2]} is kept.\n"
    author = AUTHORS[int(len(AUTHORS) * chance.random() ** 2)]
    who = f"{author} <{author.split()[0].lower()}@example.org>"
    moment = FIRST_SECOND + number * SECONDS_APART
    stream.write(f"commit refs/heads/main\ncommitter {who} {moment} +0000\n".encode())
    stream.write(_data(message))
    for file in changed:
        stream.write(f"M 100644 inline {file.path}\n".encode() + _data(file.text))


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


def _files(chance: random.Random) -> Iterator[File]:
    """Yield files without an end, package by package."""
    yield _plain("README.md", "# Example\n")
    yield _plain("go.mod", "module example.org/large\n\ngo 1.22\n")
    yield _plain("pyproject.toml", '[project]\nname = "large"\nversion = "1.0"\n')
    for package in count():
        top = f"{NOUNS[package % len(NOUNS)]}_{VERBS[package % len(VERBS)]}"
        yield _plain(f"{top}/__init__.py", f'"""The part {top}."""\n')
        for folder in chance.sample(NOUNS, FOLDERS_OF_A_PACKAGE):
            yield from _files_of(chance, top, folder)


def _files_of(chance: random.Random, top: str, name: str) -> Iterator[File]:
    """Yield the files of one folder, all in one language."""
    folder = f"{top}/{name}"
    suffix = chance.choices([*SHARES], weights=[*SHARES.values()])[0]
    if suffix == ".py":
        yield _plain(f"{folder}/__init__.py", f'"""Everything about {name}."""\n')
    stems: dict[str, tuple[str, ...]] = {}
    while len(stems) < FILES_OF_A_FOLDER:
        topic = (name, chance.choice(NOUNS), chance.choice(NOUNS))
        stems.setdefault("_".join(topic[1:]), topic)
    for stem, words in stems.items():
        is_test = chance.random() < TEST_SHARE
        called = _name(stem, suffix, is_test=is_test)
        others = chance.sample([*stems], k=min(len(stems), chance.randrange(1, 6)))
        head = _head(suffix, folder, [other for other in others if other != stem], stem)
        lines = int(LINES_MIN + (LINES_MAX - LINES_MIN) * chance.random() ** 2.5)
        blocks = [_block(chance, suffix, words)]
        size = blocks[0].count("\n")
        blocks += [_block(chance, suffix, words) for _ in range(lines // size)]
        yield File(f"{folder}/{called}", words, head, blocks)


def _name(stem: str, suffix: str, *, is_test: bool) -> str:
    if suffix == ".java":
        return "".join(map(str.title, stem.split("_"))) + ("Test" if is_test else "") + suffix
    if not is_test or suffix in {".md", ".yaml"}:
        return stem + suffix
    return {".py": f"test_{stem}.py", ".ts": f"{stem}.test.ts", ".go": f"{stem}_test.go"}[suffix]


def _head(suffix: str, folder: str, others: Sequence[str], stem: str) -> str:
    package = folder.replace("/", ".")
    if suffix == ".py":
        lines = (f"from {package} import {other}\n" for other in others)
        return f'"""The {stem.replace("_", " of a ")}."""\n\n' + "".join(lines)
    if suffix == ".ts":
        return "".join(f'import * as {other} from "./{other}";\n' for other in others)
    if suffix == ".go":
        return f'package {Path(folder).name}\n\nimport "fmt"\n'
    if suffix == ".java":
        name = "".join(map(str.title, stem.split("_")))
        return f"package {package};\n\npublic class {name} {{\n"
    return f"# The {stem.replace('_', ' of a ')}\n"


def _plain(path: str, head: str) -> File:
    return File(path, ("example", "project", "start"), head, [""])


def _block(chance: random.Random, suffix: str, topic: Sequence[str]) -> str:
    if suffix not in BLOCKS:
        return f"\n# {chance.choice(NOUNS)} {chance.choice(NOUNS)}\n"
    verb = chance.choice(VERBS)
    a, b, c, d, e, f = chance.choice(topic), *chance.choices(NOUNS, k=5)
    return BLOCKS[suffix].format(
        verb=verb,
        Verb=verb.title(),
        a=a,
        b=b,
        c=c,
        d=d,
        e=e,
        f=f,
        A=a.title(),
        B=b.title(),
        n=chance.randrange(2, 999),
    )


if __name__ == "__main__":
    write_repository(Path(sys.argv[1]), *map(int, sys.argv[2:]))
