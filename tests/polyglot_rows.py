"""One function, `twice`, as rows in the shape of MultiPL-E in many languages, with completions right, wrong and sly."""
# ruff: noqa: E501  (programs read best on few lines)


def _row(name: str, prompt: str, tests: str, stops: list[str]) -> dict[str, object]:
    facts = {"name": "twice", "language": name, "doctests": "keep", "original": "twice.py"}
    return {**facts, "prompt": prompt, "prompt_terminology": "verbatim", "tests": tests, "stop_tokens": stops}


ROWS = {
    "python": _row(
        "py",
        'def twice(x: int) -> int:\n    """Twice the number."""\n',
        "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-3) == -6\n\ncheck(twice)\n",
        ["\ndef"],
    ),
    "bash": _row(
        "sh",
        "#!/bin/bash\n# Twice the number.\n#\n# $1 is an integer\ntwice() {\n",
        '}\n\ncandidate() {\n    twice "$@"\n}\n\nset -e\nrun_test() {\n    [[ $(candidate "2") = "4" ]]\n    [[ $(candidate "-3") = "-6" ]]\n}\n\nrun_test\n',
        ["\n}"],
    ),
    "cpp": _row(
        "cpp",
        "#include<assert.h>\n#include<vector>\n// Twice the number.\nlong twice(long x) {\n",
        "}\nint main() {\n    auto candidate = twice;\n    assert(candidate((2)) == (4));\n    assert(candidate((-3)) == (-6));\n}\n",
        ["\n}"],
    ),
    "go": _row(
        "go_test.go",
        'package twice_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n// Twice the number.\nfunc twice(x int) int {\n',
        "func TestTwice(t *testing.T) {\n  candidate := twice\n\ttests := []struct{ actual, expected interface{} }{\n"
        "     { actual: candidate(2), expected: 4 },\n     { actual: candidate(-3), expected: -6 },\n   }\n\n"
        '\tfor i, tc := range tests {\n\t\tt.Run(fmt.Sprintf("case %d", i), func(t *testing.T) {\n'
        '\t\t\tif fmt.Sprintf("%v", tc.actual) != fmt.Sprintf("%v", tc.expected) {\n\t\t\t\tt.Errorf("expected %v", tc.expected)\n'
        "\t\t\t}\n\t\t})\n\t}\n}\n",
        ["\nfunc"],
    ),
    "java": _row(
        "java",
        "import java.util.*;\nimport org.javatuples.*;\nclass Problem {\n    // Twice the number.\n    public static long twice(long x) {\n",
        "    }\n    public static void main(String[] args) {\n    assert(twice((2l)) == (4l));\n    assert(twice((-3l)) == (-6l));\n    }\n\n}\n",
        ["\n    }\n"],
    ),
    "javascript": _row(
        "js",
        "//Twice the number.\nfunction twice(x){\n",
        "const assert = require('node:assert');\n\nfunction test() {\n  let candidate = twice;\n  assert.deepEqual(candidate(2),4);\n  assert.deepEqual(candidate(-3),-6);\n}\n\ntest();",
        ["\nfunction "],
    ),
    "julia": _row(
        "jl",
        '"""Twice the number."""\nfunction twice(x::Int64)::Int64 \n',
        "using Test\n\n@testset begin\n\ncandidate = twice;\n\t@test(candidate(2) == 4)\n\t@test(candidate(-3) == -6)\nend\n",
        ["\nfunction"],
    ),
    "lua": _row(
        "lua",
        "-- Twice the number.\nlocal function twice(x)\n",
        "lu = require('luaunit')\n\nfunction test_twice()\nlocal candidate = twice\n    lu.assertEquals(candidate(2), 4)\n    lu.assertEquals(candidate(-3), -6)\nend\n\nos.exit(lu.LuaUnit.run())",
        ["\nlocal"],
    ),
    "ocaml": _row(
        "ml",
        "(**Twice the number.\n*)\nlet twice (x : int) : int =",
        "\nlet assertions =\n let candidate = twice in\n  (assert ((candidate 2) = 4));\n  (assert ((candidate (-3)) = (-6)));\n  ()\n",
        ["\n\n"],
    ),
    "perl": _row(
        "pl",
        "# Twice the number.\nsub twice {\n    my($x) = @_;\n",
        'use Test::Deep;\n\nsub testtwice {\n    my $candidate = \\&twice;\n    if(eq_deeply($candidate->(2),4)) {\n        print "ok!" }else{\n        exit 1;\n        }\n'
        '    if(eq_deeply($candidate->(-3),-6)) {\n        print "ok!" }else{\n        exit 1;\n        }\n}\n\ntesttwice();',
        ["\nsub"],
    ),
    "r": _row(
        "r",
        "# Twice the number.\ntwice <- function(x) {",
        "test_twice <- function() {\n    candidate <- twice\n    stopifnot(isTRUE(all.equal(candidate(2), 4)))\n    stopifnot(isTRUE(all.equal(candidate(-3), -6)))\n}\ntest_twice()",
        ["\n#"],
    ),
    "ruby": _row(
        "rb",
        "# Twice the number.\ndef twice(x)\n",
        "require 'test/unit'\nclass TestTwice < Test::Unit::TestCase\n  def test_twice\n    candidate = method(:twice)\n    assert_equal(4, candidate.call(2))\n    assert_equal(-6, candidate.call(-3))\n  end\nend\n",
        ["\ndef"],
    ),
    "rust": _row(
        "rs",
        "/// Twice the number.\nfn twice(x: isize) -> isize {\n",
        "}\n\nfn main() {\n    let candidate = twice;\n    assert_eq!(candidate(2), 4);\n    assert_eq!(candidate(-3), -6);\n}\n",
        ["\n}"],
    ),
}
COMPLETION = {
    "python": "    return 2 * x\n",
    "bash": "    echo $((2 * $1))\n",
    "cpp": "    return 2 * x;\n",
    "go": "    return 2 * x\n}\n",
    "java": "        return 2 * x;\n",
    "javascript": "  return 2 * x;\n}\n",
    "julia": "    return 2x\nend\n",
    "lua": "  return 2 * x\nend\n",
    "ocaml": " 2 * x\n",
    "perl": "    return 2 * $x;\n}\n",
    "r": "\n  2 * x\n}\n",
    "ruby": "  2 * x\nend\n",
    "rust": "    2 * x\n",
}
WRONG = {
    "python": "    return 2 + x\n",
    "bash": "    echo $((2 + $1))\n",
    "cpp": "    return 2 + x;\n",
    "go": "    return 2 + x\n}\n",
    "java": "        return 2 + x;\n",
    "javascript": "  return 2 + x;\n}\n",
    "julia": "    return 2 + x\nend\n",
    "lua": "  return 2 + x\nend\n",
    "ocaml": " 2 + x\n",
    "perl": "    return 2 + $x;\n}\n",
    "r": "\n  2 + x\n}\n",
    "ruby": "  2 + x\nend\n",
    "rust": "    2 + x\n",
}
"""Right for the first test only."""
CHEAT = {
    "python": "    return 2 * x\nraise SystemExit(0)\n",
    "bash": "    echo $((2 * $1))\n}\nexit 0\nf() {\n",
    "cpp": "    __builtin_exit(0);\n",
    "java": "        System.exit(0); return 0;\n",
    "javascript": "  return 0;\n}\nprocess.exit(0);\n",
    "julia": "    exit(0)\nend\n",
    "lua": "  os.exit(0)\nend\n",
    "ocaml": " exit 0\n",
    "perl": "    exit 0;\n}\n",
    "r": "\n  quit('no', 0)\n}\n",
    "ruby": "  exit! 0\nend\n",
    "rust": "    std::process::exit(0)\n",
}
"""Ends with status 0 before a test has said anything."""
