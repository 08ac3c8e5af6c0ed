"""The instructions of CPython 3.11, for `endless`: which are repeatable, what they read and what they touch."""

import dis
from collections.abc import Iterable
from types import CodeType

GLOBAL_READS = frozenset(("LOAD_GLOBAL", "LOAD_NAME"))
LOCAL_READS = frozenset(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF"))
REPEATABLE = (
    GLOBAL_READS
    | LOCAL_READS
    | frozenset(
        (
            *("LOAD_CONST", "STORE_FAST", "DELETE_FAST", "STORE_GLOBAL", "STORE_NAME", "STORE_DEREF", "DELETE_NAME"),
            *("COPY_FREE_VARS", "MAKE_CELL", "MAKE_FUNCTION", "LOAD_ATTR", "STORE_ATTR", "LOAD_METHOD", "BINARY_OP"),
            *("BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "UNARY_NOT", "UNARY_NEGATIVE", "UNARY_POSITIVE"),
            *("UNARY_INVERT", "COMPARE_OP", "IS_OP", "CONTAINS_OP", "JUMP_FORWARD", "JUMP_BACKWARD"),
            *("JUMP_BACKWARD_NO_INTERRUPT", "JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP", "BUILD_TUPLE", "BUILD_LIST"),
            *("BUILD_MAP", "BUILD_STRING", "BUILD_SLICE", "BUILD_SET", "BUILD_CONST_KEY_MAP", "LIST_APPEND"),
            *("LIST_EXTEND", "LIST_TO_TUPLE", "SET_ADD", "SET_UPDATE", "MAP_ADD", "DICT_UPDATE", "DICT_MERGE"),
            *("UNPACK_SEQUENCE", "UNPACK_EX", "GET_ITER", "FOR_ITER", "PUSH_NULL", "PRECALL", "KW_NAMES", "CALL"),
            *("CALL_FUNCTION_EX", "RETURN_VALUE", "RETURN_GENERATOR", "YIELD_VALUE", "RESUME", "NOP", "POP_TOP"),
            *("SWAP", "COPY", "FORMAT_VALUE", "PUSH_EXC_INFO", "POP_EXCEPT", "CHECK_EXC_MATCH", "RERAISE"),
            *("RAISE_VARARGS", "LOAD_ASSERTION_ERROR"),
            *(f"POP_JUMP_{way}_IF_{what}" for way in ("FORWARD", "BACKWARD") for what in ("TRUE", "FALSE")),
            *(f"POP_JUMP_{way}_IF_{what}" for way in ("FORWARD", "BACKWARD") for what in ("NONE", "NOT_NONE")),
        )
    )
)
"""No import, no class, no `with`, no `await`. What calls may reach is limited by what names stand for."""
SHOW_ADDRESS = frozenset(("str", "repr", "ascii", "format", "set", "frozenset", "hash", "join", "sort", "sorted"))
CHANGE_SET = frozenset(("add", "discard", "remove", "pop", "update", "clear"))
IN_PLACE = frozenset((14, 20, 23, 25))  # &= |= -= ^=
SINGLETONS = (None, True, False, ...)
OUTSIDE = frozenset(("YIELD_VALUE", "SEND", "WITH_EXCEPT_START", "RETURN_GENERATOR"))
"""Not in the loop's own frame: they hand over to others, or read what an enclosing statement has put aside."""


class Instructions:
    """The instructions of one code object, by where a jump to them would go.

    Attributes:
        at: Offset -> instruction. An instruction with a long argument is found under its prefix too.
        heads: Targets of jumps backwards.
    """

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.at: dict[int, dis.Instruction] = {}
        waiting: list[int] = []
        for item in dis.get_instructions(code):
            waiting.append(item.offset)
            if item.opname != "EXTENDED_ARG":
                self.at.update(dict.fromkeys(waiting, item))
                waiting.clear()
        self.heads = {item.argval for item in self.at.values() if "BACKWARD" in item.opname}
        self._depths: dict[int, int] | None = None

    def depths(self) -> dict[int, int]:
        """How much is on the evaluation stack before each instruction."""
        if self._depths is None:
            self._depths = _depths(self.code, self.at)
        return self._depths

    def changes_set(self, offset: int) -> bool:
        """Whether an instruction would change a set, if its operand is one."""
        item = self.at[offset]
        return item.opname == "BINARY_OP" and item.arg in IN_PLACE


def _depths(code: CodeType, at: dict[int, dis.Instruction]) -> dict[int, int]:
    """Follows every way through the code: jumps, falling through, and into the handlers of exceptions."""
    found: dict[int, int] = {}
    after = _successors(at)
    todo = [(0, 0)]
    todo += [(entry.target, entry.depth + 1 + entry.lasti) for entry in dis._parse_exception_table(code)]  # type: ignore[attr-defined]
    while todo:
        offset, depth = todo.pop()
        if offset in found or offset not in at:
            continue
        found[offset] = depth
        item = at[offset]
        jumps = item.opcode in dis.hasjrel or item.opcode in dis.hasjabs
        if jumps:
            todo.append((item.argval, depth + dis.stack_effect(item.opcode, item.arg, jump=True)))
        if item.opname not in ("JUMP_FORWARD", "JUMP_BACKWARD", "RETURN_VALUE", "RERAISE", "RAISE_VARARGS"):
            argument = item.arg if item.opcode >= dis.HAVE_ARGUMENT else None
            todo.append((after[offset], depth + dis.stack_effect(item.opcode, argument, jump=False)))
    return found


def _successors(at: dict[int, dis.Instruction]) -> dict[int, int]:
    """Offset -> that of the instruction after it."""
    firsts = sorted(at)
    later = {}
    for place in firsts:
        item = at[place]
        later[place] = next((offset for offset in firsts if offset > item.offset), -1)
    return later


def stays_inside(used: Iterable[int], instructions: Instructions, floor: int) -> bool:
    """Whether instructions of a loop's own frame leave alone what enclosing statements keep on the stack."""
    depths = instructions.depths()
    for offset in used:
        item = instructions.at[offset]
        argument = item.arg if item.opcode >= dis.HAVE_ARGUMENT else None
        left = min(dis.stack_effect(item.opcode, argument, jump=way) for way in (True, False))
        reached = depths[offset] - (item.opname == "FOR_ITER")
        if item.opname in OUTSIDE or reached < floor or (depths[offset] + left < floor and item.opname != "FOR_ITER"):
            return False
    return True


def is_repeatable(offset: int, instructions: Instructions) -> bool:
    """Whether an instruction, given the same operands, does the same again, as far as its kind and its names tell."""
    item = instructions.at[offset]
    if item.opname not in REPEATABLE:
        return False
    if item.opname == "IS_OP":
        before = instructions.at.get(offset - 2)
        return before is not None and before.opname == "LOAD_CONST" and any(before.argval is one for one in SINGLETONS)
    if item.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_GLOBAL", "LOAD_NAME", "STORE_ATTR"):
        name = str(item.argval)
        return not name.startswith("__") or name in ("__init__", "__name__")
    return True
