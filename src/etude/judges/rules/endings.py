"""A program with tests of its own language behind it, and a last line that only a program whose tests ended prints.

Such tests come as text to be put behind a program, as those of MultiPL-E do. Where the last test has passed, a token is
printed that the program cannot know beforehand: it is made of the program itself. A program that reads its own file
could still find it, so this refuses the careless cheat, `exit(0)` in front of the tests, and not the determined one.
Nothing is run here.
"""

import hashlib
import re
from collections.abc import Callable

TOKEN = "etude-{}-ended"
LUAUNIT = re.compile(r"os\.exit\(\s*(\w+)\.LuaUnit\.run\(\)\s*\)\s*\Z")
GO_TEST = re.compile(r"^func (Test\w+)\(\w+ \*testing\.T\)", re.M)
GO_PACKAGE = re.compile(r"^package \w+", re.M)

NEEDS = {
    "go": 'package main\n\nimport "testing"\n\nfunc main() { testing.Init() }\n',
    "java": (
        "import org.javatuples.*;\n\npublic class Main { public static void main(String[] words) { Unit.with(1); } }\n"
    ),
    "julia": "using Test\n",
    "lua": "require('luaunit')\n",
    "perl": "use Test::Deep;\n",
    "ruby": "require 'test/unit'\n",
}
"""Programs that use what the tests of a language use, and nothing else."""
PACKAGES = {
    "java": "libjavatuples-java",
    "lua": "lua-unit",
    "perl": "libtest-deep-perl",
    "ruby": "ruby-test-unit",
}
"""The Debian packages that have it."""


def token_of(program: str, tests: str) -> str:
    """What is printed when the tests of this program have ended well."""
    return TOKEN.format(hashlib.sha256(f"{program}\0{tests}".encode("utf-8", "surrogatepass")).hexdigest()[:24])


def whole(program: str, tests: str, language: str) -> tuple[str, str]:
    """The program to run, and the token of its last line; "" where this language's tests have no place for one.

    Args:
        program: The program under judgment.
        tests: Source that goes behind it and ends with another status than 0 where a test fails.
        language: The name of a language that comes with Étude, or the path of one that does not.
    """
    token = token_of(program, tests)
    close = ENDINGS.get(language)
    closed = close(program, tests, token) if close else None
    return (closed, token) if closed else (f"{program}\n{tests}", "")


def _behind(line: str) -> Callable[[str, str, str], str]:
    """An ending that is one more line."""
    return lambda program, tests, token: f"{program}\n{tests}\n{line.replace('TOKEN', token)}\n"


def _inside(line: str, braces: int) -> Callable[[str, str, str], str | None]:
    """An ending in front of the last closing braces: the end of the function `main`, and of the class around it."""

    def closed(program: str, tests: str, token: str) -> str | None:
        *parts, rest = tests.rsplit("}", braces)
        if len(parts) < braces:
            return None
        end = "}".join(["", *parts[1:], rest])
        return f"{program}\n{parts[0]}{line.replace('TOKEN', token)}\n{end}"

    return closed


def _lua(program: str, tests: str, token: str) -> str:
    run = (
        f'local failed = \\1.LuaUnit.run("-o", "nil")\nif failed == 0 then print("\\\\n{token}") end\nos.exit(failed)\n'
    )
    ended, changed = LUAUNIT.subn(run, tests)
    return f"{program}\n{ended if changed else _behind_lua(tests, token)}"


def _behind_lua(tests: str, token: str) -> str:
    return f'{tests}\nprint("\\n{token}")\n'


def _ruby(program: str, tests: str, token: str) -> str:
    """The tests run when Ruby ends; what was asked for before them comes after them."""
    last = f'at_exit {{ puts "\\n{token}" if $!.nil? || ($!.is_a?(SystemExit) && $!.success?) }}'
    return f"{program}\n{last}\n{tests}"


def _go(program: str, tests: str, token: str) -> str | None:
    """A test package as an ordinary program: what `go test` makes of it takes half a minute where nothing is cached."""
    names = GO_TEST.findall(tests)
    main = (
        "func main() {\n"
        "\tall := func(t *testing.T) {\n\t\tpassed := true\n"
        + "".join(f'\t\tpassed = t.Run("{name}", {name}) && passed\n' for name in names)
        + f'\t\tif passed {{\n\t\t\tprintln("\\n{token}")\n\t\t}}\n\t}}\n'
        '\ttests := []testing.InternalTest{{Name: "all", F: all}}\n'
        "\ttesting.Main(func(a, b string) (bool, error) { return true, nil }, tests, nil, nil)\n}\n"
    )
    return f"{GO_PACKAGE.sub('package main', program, count=1)}\n{tests}\n{main}" if names else None


ENDINGS: dict[str, Callable[[str, str, str], str | None]] = {
    "bash": _behind('status=$?; [ "$status" -eq 0 ] && printf "\\nTOKEN\\n"; exit "$status"'),
    "cpp": _inside('__builtin_puts("\\nTOKEN");', 1),
    "go": _go,
    "java": _inside('System.out.println("\\nTOKEN");', 2),
    "javascript": _behind('console.log("\\nTOKEN");'),
    "julia": _behind('println("\\nTOKEN")'),
    "lua": _lua,
    "ocaml": _behind(';;\nlet () = print_endline "\\nTOKEN"'),
    "perl": _behind('print "\\nTOKEN\\n";'),
    "python": _behind('print("\\nTOKEN")'),
    "r": _behind('cat("\\nTOKEN\\n")'),
    "ruby": _ruby,
    "rust": _inside('println!("\\nTOKEN");', 1),
}
"""Language -> how its tests end with a token."""
