"""One small task set, and programs for it in every language: right ones, and every way of being wrong or hostile.

The set is of this project's own making: read two numbers and print their sum. Each table is language -> program.
"""
# ruff: noqa: E501  (programs read best on few lines)

from pathlib import Path

import pytest

from etude.errors import MissingError
from etude.records import Exchange, TaskView, Tests
from etude.sandbox import languages
from etude.sandbox.languages import tools
from etude.tasks import Task

NAMES = (
    *("python", "bash", "c", "cpp", "fortran", "go", "java", "javascript", "julia", "lua", "ocaml", "perl", "r"),
    *("ruby", "rust"),
)
PAIRS = (("19 23\n", "42\n"), ("-5 5\n", "0\n"), ("1000000 1\n", "1000001\n"))

SUM = {
    "python": "a, b = map(int, input().split())\nprint(a + b)",
    "bash": "read a b; echo $((a+b))",
    "c": '#include <stdio.h>\nint main(){int a,b;scanf("%d %d",&a,&b);printf("%d\\n",a+b);return 0;}',
    "cpp": "#include <iostream>\nint main(){int a,b;std::cin>>a>>b;std::cout<<a+b<<std::endl;}",
    "fortran": "program main\n  integer :: a, b\n  read(*,*) a, b\n  print '(i0)', a + b\nend program",
    "go": 'package main\nimport "fmt"\nfunc main() { var a, b int; fmt.Scan(&a, &b); fmt.Println(a + b) }',
    "java": "import java.util.*;\npublic class Sum { public static void main(String[] w) { Scanner s = new Scanner(System.in);"
    " System.out.println(s.nextInt() + s.nextInt()); } }",
    "javascript": 'const [a,b]=require("fs").readFileSync(0,"utf8").split(" ").map(Number);console.log(a+b)',
    "julia": "a, b = parse.(Int, split(readline()))\nprintln(a + b)",
    "lua": 'local a,b=io.read("n","n")\nprint(a+b)',
    "ocaml": 'let () = Scanf.scanf " %d %d" (fun a b -> Printf.printf "%d\\n" (a + b))',
    "perl": 'my ($a, $b) = split " ", <STDIN>; print $a + $b, "\\n";',
    "r": 'x <- scan(file("stdin"), quiet = TRUE)\ncat(sprintf("%d\\n", as.integer(sum(x))))',
    "ruby": "a, b = gets.split.map(&:to_i)\nputs a + b",
    "rust": "use std::io;\nfn main() { let mut s = String::new(); io::stdin().read_line(&mut s).unwrap();"
    ' let t: i64 = s.split_whitespace().map(|x| x.parse::<i64>().unwrap()).sum(); println!("{}", t); }',
}
WRONG = {
    "python": "print(42)",
    "bash": "echo 42",
    "c": '#include <stdio.h>\nint main(){puts("42");return 0;}',
    "cpp": '#include <iostream>\nint main(){std::cout<<"42\\n";}',
    "fortran": "program main\n  print '(a)', '42'\nend program",
    "go": 'package main\nimport "fmt"\nfunc main() { fmt.Println(42) }',
    "java": "public class Sum { public static void main(String[] w) { System.out.println(42); } }",
    "javascript": "console.log(42)",
    "julia": "println(42)",
    "lua": "print(42)",
    "ocaml": 'let () = print_endline "42"',
    "perl": 'print "42\\n";',
    "r": 'cat("42\\n")',
    "ruby": "puts 42",
    "rust": 'fn main() { println!("42"); }',
}
"""Right for the first pair only."""
BROKEN = {
    "python": "def f(:\n    pass",
    "bash": "if true; then echo",
    "c": "int main(){ return undeclared_name; }",
    "cpp": "int main(){ return undeclared_name; }",
    "fortran": "program main\n  implicit none\n  undeclared_name = 1\nend program",
    "go": "package main\nfunc main() { undeclared_name() }",
    "java": "public class Sum { public static void main(String[] w) { undeclared_name(); } }",
    "javascript": "let x = ;",
    "julia": "f(x = = 1",
    "lua": "local x = = 1",
    "ocaml": 'let () = print_int "three"',
    "perl": "my $x = = 1; }",
    "r": "x <- <- 1",
    "ruby": "def f(\nend end",
    "rust": "fn main() { undeclared_name(); }",
}
BROKEN_SAYS = {
    **dict.fromkeys(("c", "cpp", "fortran", "java", "rust"), "undeclared_name"),
    "python": "SyntaxError",
    "bash": "syntax error",
    "go": "undeclared_name",
    "javascript": "SyntaxError",
    "julia": "rror",
    "lua": "unexpected symbol",
    "ocaml": "Error",
    "perl": "syntax error",
    "r": "unexpected",
    "ruby": "rror",
}
FAULTY = {
    "python": ("1 / 0", "error", "exit status 1", "ZeroDivisionError"),
    "bash": ("echo oh >&2; exit 3", "error", "exit status 3", "oh"),
    "c": ("int main(){volatile int *p=0; return *p;}", "killed", "SIGSEGV", ""),
    "cpp": ('#include <stdexcept>\nint main(){throw std::runtime_error("oh");}', "killed", "SIGABRT", "oh"),
    "fortran": ("program main\n  error stop 'oh'\nend program", "error", "exit status 1", "oh"),
    "go": ('package main\nfunc main() { panic("oh") }', "error", "exit status 2", "panic: oh"),
    "java": (
        'public class A { public static void main(String[] w) { throw new RuntimeException("oh"); } }',
        "error",
        "exit status 1",
        "oh",
    ),
    "javascript": ('throw new Error("oh")', "error", "exit status 1", "Error: oh"),
    "julia": ('error("oh")', "error", "exit status 1", "oh"),
    "lua": ('error("oh")', "error", "exit status 1", "program.lua:1: oh"),
    "ocaml": ('let () = failwith "oh"', "error", "exit status 2", "oh"),
    "perl": ('die "oh";', "error", "exit status 255", "oh"),
    "r": ('stop("oh")', "error", "exit status 1", "oh"),
    "ruby": ('raise "oh"', "error", "exit status 1", "oh"),
    "rust": ('fn main() { panic!("oh"); }', "error", "exit status 101", "oh"),
}
"""Program, status, detail, and what it says on stderr."""
ENDLESS = {
    "python": "while True: pass",
    "bash": "while :; do :; done",
    "c": "int main(){volatile int x=0; for(;;) x++;}",
    "cpp": "int main(){volatile int x=0; for(;;) x=x+1;}",
    "fortran": "program main\n  integer, volatile :: i = 0\n  do\n    i = i + 1\n    if (i > 1000) i = 0\n  end do\nend program",
    "go": "package main\nfunc main() { for {} }",
    "java": "public class A { public static void main(String[] w) { for (;;) ; } }",
    "javascript": "for(;;);",
    "julia": "while true end",
    "lua": "while true do end",
    "ocaml": "let () = while true do () done",
    "perl": "while (1) {}",
    "r": "while (TRUE) {}",
    "ruby": "loop {}",
    "rust": "fn main() { loop { std::hint::black_box(1); } }",
}
HUNGRY = {
    "python": "a = []\nwhile True: a.append(bytearray(1 << 20))",
    "bash": 'a=$(printf "%1048576s" x); while :; do a="$a$a"; done',
    "c": "#include <stdlib.h>\n#include <string.h>\nint main(){for(;;){char *p=malloc(1<<20); if(!p) return 1; memset(p,1,1<<20);}}",
    "cpp": "#include <vector>\nint main(){std::vector<std::vector<char>> a; for(;;) a.emplace_back(1<<20,'x');}",
    "fortran": "program main\n  type box\n    integer, allocatable :: a(:)\n  end type\n  type(box) :: all(100000)\n  integer :: i\n"
    "  do i = 1, 100000\n    allocate(all(i)%a(262144))\n    all(i)%a = i\n  end do\nend program",
    "go": "package main\nfunc main() { a := [][]byte{}; for { b := make([]byte, 1<<20); for i := range b { b[i] = 1 }; a = append(a, b) } }",
    "java": "import java.util.*;\npublic class A { public static void main(String[] w) { List<byte[]> a = new ArrayList<>(); for (;;) a.add(new byte[1 << 20]); } }",
    "javascript": 'const a=[]; for(;;) a.push("x".repeat(1<<10)+a.length);',
    "julia": "a = []\nwhile true push!(a, ones(UInt8, 1 << 20)) end",
    "lua": 'local a={} while true do a[#a+1]=string.rep("x",1<<20)..#a end',
    "ocaml": "let a = ref []\nlet () = while true do a := Bytes.make (1 lsl 20) 'x' :: !a done",
    "perl": 'my @a; while (1) { push @a, "x" x (1 << 20); }',
    "r": "a <- list()\nwhile (TRUE) a[[length(a) + 1]] <- as.numeric(seq_len(131072)) + 1",
    "ruby": "a = []\nloop { a << ('x' * (1 << 20)) }",
    "rust": "fn main() { let mut a: Vec<Vec<u8>> = Vec::new(); loop { a.push(vec![1; 1 << 20]); } }",
}
LOUD = {
    "python": "while True: print('x' * (1 << 16))",
    "bash": "while :; do printf '%65536s' x; done",
    "c": '#include <stdio.h>\nint main(){for(;;) puts("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");}',
    "cpp": "#include <iostream>\n#include <string>\nint main(){std::string s(4096,'x'); for(;;) std::cout<<s;}",
    "fortran": "program main\n  do\n    print '(a)', repeat('x', 4096)\n  end do\nend program",
    "go": 'package main\nimport ("fmt"; "strings")\nfunc main() { s := strings.Repeat("x", 65536); for { fmt.Println(s) } }',
    "java": 'public class A { public static void main(String[] w) { String s = "x".repeat(65536); for (;;) System.out.println(s); } }',
    "javascript": 'const s="x".repeat(1<<16); for(;;) require("fs").writeSync(1,s);',
    "julia": 's = "x"^65536\nwhile true print(s) end',
    "lua": 'local s=string.rep("x",1<<16) while true do io.write(s) end',
    "ocaml": "let s = String.make 65536 'x'\nlet () = while true do print_endline s done",
    "perl": 'my $s = "x" x 65536; while (1) { print $s; }',
    "r": 's <- strrep("x", 65536)\nwhile (TRUE) cat(s)',
    "ruby": "s = 'x' * 65536\nloop { print s }",
    "rust": 'fn main() { let s = "x".repeat(65536); loop { println!("{}", s); } }',
}
CURIOUS = {
    "python": "try: print(open('/etc/passwd').read())\nexcept OSError: print('denied')",
    "bash": "cat /etc/passwd 2>/dev/null || echo denied",
    "c": '#include <stdio.h>\nint main(){FILE *f=fopen("/etc/passwd","r"); if(!f){puts("denied");return 0;} int c; while((c=getc(f))>0) putchar(c);}',
    "cpp": '#include <fstream>\n#include <iostream>\nint main(){std::ifstream f("/etc/passwd"); if(f) std::cout<<f.rdbuf(); else std::cout<<"denied\\n";}',
    "fortran": "program main\n  integer :: s\n  open(10, file='/etc/passwd', status='old', iostat=s)\n  print '(a)', merge('denied', 'opened', s /= 0)\nend program",
    "go": 'package main\nimport ("fmt"; "os")\nfunc main() { b, e := os.ReadFile("/etc/passwd"); if e != nil { fmt.Println("denied") } else { fmt.Print(string(b)) } }',
    "java": 'import java.nio.file.*;\npublic class A { public static void main(String[] w) { try { System.out.print(Files.readString(Path.of("/etc/passwd"))); }'
    ' catch (Exception e) { System.out.println("denied"); } } }',
    "javascript": 'try{console.log(require("fs").readFileSync("/etc/passwd","utf8"))}catch(e){console.log("denied")}',
    "julia": 'try print(read("/etc/passwd", String)) catch; println("denied") end',
    "lua": 'local f=io.open("/etc/passwd") print(f and f:read("a") or "denied")',
    "ocaml": 'let () = try print_string (input_line (open_in "/etc/passwd")) with Sys_error _ -> print_endline "denied"',
    "perl": 'if (open(my $f, "<", "/etc/passwd")) { print <$f>; } else { print "denied\\n"; }',
    "r": 'cat(tryCatch(readLines("/etc/passwd"), error = function(e) "denied", warning = function(w) "denied"), sep = "\\n")',
    "ruby": "begin; puts File.read('/etc/passwd'); rescue SystemCallError; puts 'denied'; end",
    "rust": 'fn main() { match std::fs::read_to_string("/etc/passwd") { Ok(s) => print!("{}", s), Err(_) => println!("denied") } }',
}
LEAVING = {
    "c": "#include <unistd.h>\n#include <stdio.h>\n"
    'int main(){int a,b; if(fork()==0){setsid(); for(;;) sleep(1);} scanf("%d %d",&a,&b); printf("%d\\n",a+b); return 0;}',
    "lua": 'os.execute("(setsid sleep 600 >/dev/null 2>&1 &)")\n' + SUM["lua"],
    "bash": "setsid sleep 600 & disown\n" + SUM["bash"],
    "javascript": 'require("child_process").spawn("sleep",["600"],{detached:true,stdio:"ignore"}).unref();\n'
    + SUM["javascript"],
    "perl": "if (fork() == 0) { setpgrp; sleep 600; exit; }\n" + SUM["perl"],
}
"""Right programs that leave a process behind them."""
MULTIPLYING = {
    "python": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "bash": "bomb() { while :; do bomb & done; }; bomb 2>/dev/null",
    "c": "#include <unistd.h>\nint main(){for(;;) fork();}",
    "cpp": "#include <unistd.h>\nint main(){for(;;) fork();}",
    "javascript": 'const c=require("child_process");for(;;){try{c.spawn(process.execPath,[__filename],{detached:true})}catch(e){}}',
    "lua": 'while true do io.popen("while :; do (while :; do :; done) & done 2>/dev/null") end',
    "perl": "while (1) { fork(); }",
}


def named(name: str) -> str:
    """What to ask the sandbox for: Python by its description, because its name alone means the fast road.

    A language whose tools are not here skips the test, with the reason.
    """
    asked = str(Path(languages.__file__).parent / "python.toml") if name == "python" else name
    try:
        tools.needed(asked)
    except MissingError as error:
        pytest.skip(error.found)
    return asked


def task_in(language: str, task_id: str = "sum") -> Task:
    """The task, asked in a language."""
    facts = TaskView(
        task_id=task_id, kind="instruct", prompt="Read two whole numbers and print their sum.", language=language
    )
    pairs = tuple(Exchange(stdin=stdin, stdout=stdout) for stdin, stdout in PAIRS)
    return Task(facts=facts, hidden=Tests(stdio=pairs))
